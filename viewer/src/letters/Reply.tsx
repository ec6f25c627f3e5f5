/** What somebody at the origin answers: to a question, to a request to repeat, to a critical finding. */
import { Checkbox, SegmentedControl } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useSession } from '../session';
import classes from './Letters.module.css';
import { LetterText } from './LetterText';
import { useWrite } from './mail';
import { SendForm } from './SendForm';
import type { Letter, LetterBody, LetterKind } from './types';

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

/** A letter about another one; `children` are its fields. */
function About({
  studyUid,
  letter,
  kind,
  label,
  ready,
  body,
  children,
}: Props & { kind: LetterKind; label: string; ready: boolean; body: LetterBody; children: ReactNode }) {
  const write = useWrite(studyUid);
  return (
    <SendForm label={label} sending={write} ready={ready} onSend={() => write.mutate({ kind, about: letter.id, body })}>
      {children}
    </SendForm>
  );
}

function AnswerForm(props: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  return (
    <About {...props} kind="answer" label={t('letters.send-answer')} ready={text.trim() !== ''} body={{ text }}>
      <LetterText
        size="sm"
        aria-label={t('letters.kind.answer')}
        placeholder={t('letters.answer-hint')}
        value={text}
        onText={setText}
      />
    </About>
  );
}

function RepeatedForm(props: Props) {
  const { t } = useTranslation();
  const [repeated, setRepeated] = useState(true);
  const [text, setText] = useState('');
  const ready = repeated || text.trim() !== '';
  return (
    <About {...props} kind="repeated" label={t('letters.send-answer')} ready={ready} body={{ repeated, text }}>
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
      <LetterText
        size="sm"
        minRows={1}
        aria-label={t('letters.remark')}
        placeholder={repeated ? t('letters.repeated-hint') : t('letters.why-not-hint')}
        value={text}
        onText={setText}
      />
    </About>
  );
}

function NotedForm(props: Props) {
  const { t } = useTranslation();
  const session = useSession();
  const [readBack, setReadBack] = useState(false);
  return (
    <About {...props} kind="noted" label={t('letters.take-note')} ready body={{ read_back: readBack }}>
      <p className={classes.quiet}>{t('letters.noting-as', { name: session.display_name })}</p>
      <Checkbox
        size="sm"
        label={t('letters.read-back')}
        checked={readBack}
        onChange={(event) => setReadBack(event.currentTarget.checked)}
      />
    </About>
  );
}
