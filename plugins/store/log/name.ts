/** A room's name folded for search: regardless of case and character width. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}
