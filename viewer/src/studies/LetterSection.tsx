import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { RequestForm } from '../letters/Forms';
import { LetterThread } from '../letters/LetterThread';
import { mail } from '../letters/mail';
import { Section } from './Section';

/** What the two hospitals wrote to each other, and the request that goes with a study on its way. */
export function LetterSection({ uid }: { uid: string }) {
  const { t } = useTranslation();
  const thread = useQuery(mail.thread(uid));
  const [asking, setAsking] = useState(false);
  const requested = thread.data?.items.some((one) => one.kind === 'request') ?? false;
  const close = () => setAsking(false);
  const action = thread.data?.may.includes('request') && (
    <Button size="xs" variant={requested ? 'default' : 'filled'} onClick={() => setAsking(true)}>
      {requested ? t('letters.more-request') : t('letters.write-request')}
    </Button>
  );
  return (
    <Section title={t('letters.title')} id="letters">
      {asking && <RequestForm studyUid={uid} onDone={close} onCancel={close} />}
      {!asking && <LetterThread studyUid={uid} actions={action} />}
    </Section>
  );
}
