/** A piece of a message without markup, inside of whatever marks: the one place where its text becomes nodes. */
export function PlainText({ text }: { text: string }) {
  return <>{text}</>
}
