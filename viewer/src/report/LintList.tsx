import { UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import classes from './LintList.module.css';
import type { LintFinding } from './node';

interface Props {
  id: string;
  findings: readonly LintFinding[];
  onReplace: (finding: LintFinding) => void;
}

/** What a document for another hospital should not hold. Each kind once; a button writes the words in full. */
export function LintList({ id, findings, onReplace }: Props) {
  const { t } = useTranslation();
  const kinds = [...new Map(findings.map((finding) => [`${finding.code} ${finding.text}`, finding])).values()];
  return (
    <ul id={id} className={classes.list} aria-label={t('lint.title')}>
      {kinds.map((finding) => (
        <li key={`${finding.code} ${finding.text}`}>
          {t(`lint.${finding.code}`, { text: finding.text, words: finding.expansion })}{' '}
          {finding.expansion && (
            <UnstyledButton className={classes.replace ?? ''} onClick={() => onReplace(finding)}>
              {t(finding.code === 'measure' ? 'lint.update' : 'lint.replace')}
              <span className={classes.hidden}> {finding.text}</span>
            </UnstyledButton>
          )}
        </li>
      ))}
    </ul>
  );
}
