// Made once: making a format costs a hundred times what using it does. Both languages write numbers alike.
export const { format: number } = new Intl.NumberFormat('en')
