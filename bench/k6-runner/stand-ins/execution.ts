/** Number of this VU, from 1. It is in the URL of the VU's own instance of this module. */
const idInTest = Number(new URL(import.meta.url).searchParams.get('vu'))

export default { vu: { idInTest, idInInstance: idInTest } }
