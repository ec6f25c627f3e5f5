/** The chunk of the image viewer: everything that needs Cornerstone3D. */
export { loadStack, warmUp } from '../imaging';
export { ImageView } from '../imaging/view';
export { ImagesPage } from './ImagesPage';
export { ReadingPage } from './ReadingPage';
