import { marked } from 'marked';
import type { Plugin } from 'vite';

/**
 * Turns the lessons of docs/lessons into modules of HTML, which the page opens beside the machine. Their pictures become files of the
 * page. It leaves the title out, because the page's list has it.
 */
export const lessons = (): Plugin => ({
  name: 'lessons',
  transform: {
    filter: { id: /docs\/lessons\/\w+\.md$/ },
    handler: async (markdown) => {
      const html = await marked.parse(markdown.replace(/^# .*\n/, ''));
      const pictures = [...html.matchAll(/<img src="([\w.-]+)"/g)].map(([, name = '']) => name);
      const imports = pictures.map((name, index) => `import picture${index} from './${name}?url';`);
      const withPictures = pictures.reduce(
        (code, name, index) => code.replace(`<img src=\\"${name}\\"`, `<img src=\\"" + picture${index} + "\\"`),
        JSON.stringify(html),
      );
      return {
        code: `${imports.join('\n')}\nexport const html = ${withPictures};\n`,
        map: null,
      };
    },
  },
});
