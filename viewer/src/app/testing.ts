/** Set-up of the tests: the texts, and what the pretend browser lacks. */
import '../i18n';
import { cleanup, configure } from '@testing-library/react';
import { afterEach } from 'vitest';

configure({ asyncUtilTimeout: 15_000 }); // also on a busy machine
afterEach(cleanup);

if (!document.fonts) Object.defineProperty(document, 'fonts', { value: new EventTarget() });
