/** What the treating doctor says of the report, and later of the outcome. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { ArrivedReport } from '../api/types';
import { useFormat } from '../i18n/format';
import { AcceptanceForm, OutcomeForm } from '../letters/Forms';
import { LetterBody } from '../letters/LetterBody';
import { mail } from '../letters/mail';
import type { Letter } from '../letters/types';
import classes from './Verdict.module.css';

interface Props {
  uid: string;
  report: ArrivedReport;
}

export function Verdict({ uid, report }: Props) {
  const thread = useQuery(mail.thread(uid));
  if (!thread.data) return null;
  const { items, may } = thread.data;
  const last = (kind: string) => items.filter((one) => one.kind === kind).at(-1);
  const acceptance = last('acceptance');
  const outcome = last('outcome');
  return (
    <>
      {(acceptance || may.includes('acceptance')) && (
        <Acceptance uid={uid} report={report} letter={acceptance} may={may.includes('acceptance')} />
      )}
      {(outcome || (acceptance && may.includes('outcome'))) && (
        <Outcome uid={uid} letter={outcome} may={may.includes('outcome')} />
      )}
    </>
  );
}

interface PartProps {
  uid: string;
  letter: Letter | undefined;
  may: boolean;
}

function Acceptance({ uid, report, letter, may }: PartProps & { report: ArrivedReport }) {
  const { t } = useTranslation();
  const [changing, setChanging] = useState(false);
  const current = letter && (!letter.body.report || letter.body.report === report.sop_instance_uid);
  const writing = may && (!current || changing);
  const close = () => setChanging(false);
  return (
    <section className={classes.verdict} data-waits={!current || undefined} aria-label={t('letters.accept-title')}>
      <h3>{t('letters.accept-title')}</h3>
      {letter && <Said letter={letter} />}
      {writing && (
        <>
          {!letter && <p className={classes.quiet}>{t('letters.accept-explained')}</p>}
          <AcceptanceForm
            studyUid={uid}
            report={report.sop_instance_uid}
            onDone={close}
            {...(changing ? { onCancel: close } : {})}
          />
        </>
      )}
      {may && current && !changing && (
        <Button size="compact-xs" variant="subtle" onClick={() => setChanging(true)}>
          {t('letters.change-acceptance')}
        </Button>
      )}
    </section>
  );
}

function Outcome({ uid, letter, may }: PartProps) {
  const { t } = useTranslation();
  const [writing, setWriting] = useState(false);
  const close = () => setWriting(false);
  return (
    <section className={classes.verdict} aria-label={t('letters.outcome-title')}>
      <h3>{t('letters.outcome-title')}</h3>
      {letter && <Said letter={letter} />}
      {writing && <OutcomeForm studyUid={uid} onDone={close} onCancel={close} />}
      {may && !writing && (
        <>
          {!letter && <p className={classes.quiet}>{t('letters.outcome-explained')}</p>}
          <Button size="xs" variant={letter ? 'subtle' : 'default'} onClick={() => setWriting(true)}>
            {letter ? t('letters.more-outcome') : t('letters.write-outcome')}
          </Button>
        </>
      )}
    </section>
  );
}

function Said({ letter }: { letter: Letter }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <div className={classes.said}>
      <LetterBody letter={letter} />
      <p className={classes.quiet}>{t('letters.by-at', { name: letter.author, time: format.moment(letter.at) })}</p>
    </div>
  );
}
