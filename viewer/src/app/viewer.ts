/** The chunk of the image viewer: everything that needs Cornerstone3D. */
export { warmDecoder } from '../imaging';
export { ImagesPage } from './ImagesPage';
export { ReadingPage } from './ReadingPage';
