/** Set-up of the tests: the texts, and what the pretend browser lacks. */
import '../i18n';
import { cleanup } from '@testing-library/react';
import { afterEach } from 'vitest';

afterEach(cleanup);

if (!document.fonts) Object.defineProperty(document, 'fonts', { value: new EventTarget() });
