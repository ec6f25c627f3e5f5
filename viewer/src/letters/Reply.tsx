/** What somebody at the origin answers: to a question, to a request to repeat, to a critical finding. */
import { Checkbox, SegmentedControl, Textarea } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../session';
import classes from './Letters.module.css';
import { useWrite } from './mail';
import { SendForm } from './SendForm';
import type { Letter, LetterKind } from './types';

const REPLY: Partial<Record<LetterKind, LetterKind>> = { question: 'answer', repeat: 'repeated', critical: 'noted' };

interface Props {
  studyUid: string;
  letter: Letter;
}

/** The form that ends an open letter; nothing when this person may not write it. */
export function Reply({ studyUid, letter, may }: Props & { may: readonly LetterKind[] }) {
  const kind = REPLY[letter.kind];
  if (!letter.open || !kind || !may.includes(kind)) return null;
  if (kind === 'answer') return <AnswerForm studyUid={studyUid} letter={letter} />;
  if (kind === 'repeated') return <RepeatedForm studyUid={studyUid} letter={letter} />;
  return <NotedForm studyUid={studyUid} letter={letter} />;
}

function AnswerForm({ studyUid, letter }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const write = useWrite(studyUid);
  return (
    <SendForm
      label={t('letters.send-answer')}
      busy={write.isPending}
      error={write.error}
      ready={text.trim() !== ''}
      onSend={() => write.mutate({ kind: 'answer', about: letter.id, body: { text } })}
    >
      <Textarea
        size="sm"
        autosize
        minRows={2}
        maxLength={4000}
        aria-label={t('letters.kind.answer')}
        placeholder={t('letters.answer-hint')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </SendForm>
  );
}

function RepeatedForm({ studyUid, letter }: Props) {
  const { t } = useTranslation();
  const [repeated, setRepeated] = useState(true);
  const [text, setText] = useState('');
  const write = useWrite(studyUid);
  return (
    <SendForm
      label={t('letters.send-answer')}
      busy={write.isPending}
      error={write.error}
      ready={repeated || text.trim() !== ''}
      onSend={() => write.mutate({ kind: 'repeated', about: letter.id, body: { repeated, text } })}
    >
      <SegmentedControl
        size="xs"
        aria-label={t('letters.kind.repeated')}
        value={repeated ? 'yes' : 'no'}
        onChange={(value) => setRepeated(value === 'yes')}
        data={[
          { value: 'yes', label: t('letters.repeated-yes') },
          { value: 'no', label: t('letters.repeated-no') },
        ]}
      />
      <Textarea
        size="sm"
        autosize
        minRows={1}
        maxLength={4000}
        aria-label={t('letters.remark')}
        placeholder={repeated ? t('letters.repeated-hint') : t('letters.why-not-hint')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
      />
    </SendForm>
  );
}

function NotedForm({ studyUid, letter }: Props) {
  const { t } = useTranslation();
  const session = useSession();
  const [readBack, setReadBack] = useState(false);
  const write = useWrite(studyUid);
  return (
    <SendForm
      label={t('letters.take-note')}
      busy={write.isPending}
      error={write.error}
      ready
      onSend={() => write.mutate({ kind: 'noted', about: letter.id, body: { read_back: readBack } })}
    >
      <p className={classes.quiet}>{t('letters.noting-as', { name: session.display_name })}</p>
      <Checkbox
        size="sm"
        label={t('letters.read-back')}
        checked={readBack}
        onChange={(event) => setReadBack(event.currentTarget.checked)}
      />
    </SendForm>
  );
}
