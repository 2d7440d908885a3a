import { marked } from 'marked';
import type { Plugin } from 'vite';

/**
 * Lessons of docs/lessons as modules of HTML: the page opens them beside the machine that they are about. Their pictures become files of
 * the page. The title is left out: it stands in the page's list.
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
