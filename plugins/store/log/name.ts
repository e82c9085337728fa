/** A room's name as it is searched: regardless of case and of character width. */
export function foldName(name: string): string {
  return name.normalize('NFKC').toLowerCase()
}
