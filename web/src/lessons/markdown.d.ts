/** The plugin in web/lessons_plugin.ts makes these modules from docs/lessons. */
declare module '*.md' {
  export const html: string;
}
