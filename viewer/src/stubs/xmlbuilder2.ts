/** vtk.js's readers and writers of XML meshes want xmlbuilder2, and that wants Node's `events`. This application shows no meshes. */
function unsupported(): never {
  throw new Error('XML meshes are not part of this application');
}

export const create = unsupported;
export const fragment = unsupported;
export const convert = unsupported;
export const createCB = unsupported;
export const fragmentCB = unsupported;
export const builder = unsupported;
export default { create, fragment, convert, createCB, fragmentCB, builder };
