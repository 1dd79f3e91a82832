// Which parts of a document are folded. Each 40th level is by itself: nobody looks at more at once, and a document of
// a million levels has few lines.
const DEEP = 40;

/** Whether the inside of *node* at *depth* is shown. *turned*: nodes that a reader folded, or opened. */
export const isOpen = (node, depth, turned) => (depth % DEEP === DEEP - 1) === turned.has(node);
