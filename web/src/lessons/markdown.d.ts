/** Made of docs/lessons by the plugin in web/lessons_plugin.ts. */
declare module '*.md' {
  export const html: string;
}
