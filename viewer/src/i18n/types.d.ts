import 'i18next';
import type vi from './vi';

/** Makes every `t('…')` a compile error when the catalogue has no such text. */
declare module 'i18next' {
  interface CustomTypeOptions {
    defaultNS: 'translation';
    resources: { translation: typeof vi };
    returnNull: false;
  }
}
