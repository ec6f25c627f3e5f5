import { useEffect, useState } from 'react';
import { changeBetween } from './links';
import { type LintFinding, lint } from './node';

const PAUSE_MS = 900;

/** What the node remarks on a text, a moment after the writer paused. Remarks on what was changed since are left out. */
export function useLint(text: string, language: string, wanted: boolean): LintFinding[] {
  const [known, setKnown] = useState<{ text: string; findings: LintFinding[] }>({ text: '', findings: [] });
  useEffect(() => {
    if (!wanted || text === known.text) return undefined;
    if (!text.trim()) {
      setKnown({ text, findings: [] });
      return undefined;
    }
    const abort = new AbortController();
    const timer = setTimeout(() => {
      lint(text, language, abort.signal)
        .then((findings) => setKnown({ text, findings }))
        .catch(() => undefined); // a warning less; signing asks again
    }, PAUSE_MS);
    return () => {
      clearTimeout(timer);
      abort.abort();
    };
  }, [text, language, wanted, known.text]);
  if (known.text === text) return known.findings;
  const change = changeBetween(known.text, text);
  const by = text.length - known.text.length;
  return known.findings.flatMap((finding) => {
    if (finding.end <= change.from) return [finding];
    if (finding.start >= change.to) return [{ ...finding, start: finding.start + by, end: finding.end + by }];
    return [];
  });
}
