/** k6 has it, and its types do not. */
declare const console: { error(text: string): void }
