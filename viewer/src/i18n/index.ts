/** Texts in Vietnamese (the default) and English. */
import i18next from 'i18next';
import { initReactI18next } from 'react-i18next';
import { setRequestLanguage } from '../api/client';
import type { Language } from '../api/types';
import en from './en';
import vi from './vi';

const KEPT_AS = 'lientuyen.language';

export const LANGUAGES: readonly Language[] = ['vi', 'en'];

function kept(): Language {
  try {
    return localStorage.getItem(KEPT_AS) === 'en' ? 'en' : 'vi';
  } catch {
    return 'vi';
  }
}

function follow(language: string): void {
  document.documentElement.lang = language;
  setRequestLanguage(language);
}

void i18next.use(initReactI18next).init({
  resources: { vi: { translation: vi }, en: { translation: en } },
  lng: kept(),
  fallbackLng: 'vi',
  interpolation: { escapeValue: false },
  returnNull: false,
});
follow(i18next.language);
i18next.on('languageChanged', follow);

/** Shows everything in `language`, and again at the next visit. */
export async function showLanguage(language: Language): Promise<void> {
  try {
    localStorage.setItem(KEPT_AS, language);
  } catch {
    // a browser that keeps nothing still shows the language now
  }
  if (i18next.language !== language) await i18next.changeLanguage(language);
}

export default i18next;
