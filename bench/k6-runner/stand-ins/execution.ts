/** Which VU asks: its number from 1 is in the address of its own instance of this module. */
const idInTest = Number(new URL(import.meta.url).searchParams.get('vu'))

export default { vu: { idInTest, idInInstance: idInTest } }
