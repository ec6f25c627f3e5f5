import { useTranslation } from 'react-i18next';
import type { Report } from '../api/types';
import classes from './Differences.module.css';
import { differences } from './differences';
import { SECTIONS } from './written';

/** What changed between two texts, section by section; sections that are the same are left out. */
export function Differences({ before, after }: { before: Report; after: Report }) {
  const { t } = useTranslation();
  const answers = (report: Report) => report.answers.map((one) => `${one.question}\n${one.answer}`).join('\n\n');
  const parts = [
    ...SECTIONS.map((name) => ({ label: t(`report.${name}`), from: before[name] ?? '', to: after[name] ?? '' })),
    { label: t('report.answers'), from: answers(before), to: answers(after) },
  ].filter(({ from, to }) => from !== to);
  const images = before.key_images.join() !== after.key_images.join();
  if (!parts.length && !images) return <p className={classes.none}>{t('versions.same')}</p>;
  return (
    <div className={classes.all}>
      {parts.map(({ label, from, to }) => (
        <div key={label}>
          <strong>{label}</strong>
          <p className={classes.text} lang={after.language}>
            {differences(from, to).map((span, index) => {
              const Tag = { same: 'span', added: 'ins', removed: 'del' }[span.kind] as 'span' | 'ins' | 'del';
              // biome-ignore lint/suspicious/noArrayIndexKey: the spans have no other name and never move
              return <Tag key={index}>{span.text}</Tag>;
            })}
          </p>
        </div>
      ))}
      {images && <p className={classes.none}>{t('versions.images')}</p>}
    </div>
  );
}
