/** Whether a click on a link is to open it in this page: not in another tab, not to save it. */
export const isPlainClick = ({ metaKey, ctrlKey, shiftKey, button }: MouseEvent): boolean =>
  !(metaKey || ctrlKey || shiftKey) && button === 0
