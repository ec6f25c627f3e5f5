/** The letters about a study, in the order of time, with the forms to answer what is open. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { IconWarning } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote, Loading } from '../ui/states';
import { LetterBody } from './LetterBody';
import classes from './Letters.module.css';
import { LetterText } from './LetterText';
import { mail, useWrite } from './mail';
import { Reply } from './Reply';
import { SendForm } from './SendForm';
import type { Letter, LetterKind } from './types';

interface Props {
  studyUid: string;
  /** More that may be written, beside the note. */
  actions?: ReactNode;
}

export function LetterThread({ studyUid, actions }: Props) {
  const { t } = useTranslation();
  const thread = useQuery(mail.thread(studyUid));
  if (thread.error && !thread.data) return <ErrorNote error={thread.error} onRetry={() => void thread.refetch()} />;
  if (!thread.data) return <Loading />;
  const { items, may } = thread.data;
  return (
    <div className={classes.panel}>
      {!thread.data.reachable && <Note kind="warn" icon={<IconWarning />} title={t('letters.unreachable')} />}
      {items.length === 0 && <p className={classes.quiet}>{t('letters.empty')}</p>}
      <ol className={classes.thread} aria-label={t('letters.title')}>
        {items.map((letter) => (
          <Entry key={letter.id} studyUid={studyUid} letter={letter} may={may} />
        ))}
      </ol>
      <NoteForm studyUid={studyUid} may={may.includes('note')} actions={actions} />
    </div>
  );
}

function Entry({ studyUid, letter, may }: { studyUid: string; letter: Letter; may: readonly LetterKind[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <li
      className={classes.letter}
      data-kind={letter.kind}
      data-mine={letter.mine_side || undefined}
      data-open={letter.open || undefined}
    >
      <p className={classes.head}>
        <b>
          {letter.kind === 'critical' && letter.about ? t('letters.critical-again') : t(`letters.kind.${letter.kind}`)}
        </b>
        <span>{[letter.author, letter.node_name].filter(Boolean).join(', ')}</span>
        {letter.open && (
          <span className={classes.waits} data-kind={letter.kind}>
            {letter.kind === 'critical' ? t('letters.not-noted') : t('letters.waits')}
          </span>
        )}
        <time dateTime={letter.at}>{format.moment(letter.at)}</time>
      </p>
      <LetterBody letter={letter} />
      <Reply studyUid={studyUid} letter={letter} may={may} />
    </li>
  );
}

function NoteForm({ studyUid, may, actions }: Props & { may: boolean }) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const [text, setText] = useState('');
  const write = useWrite(studyUid);
  const close = () => {
    setOpen(false);
    setText('');
    write.reset();
  };
  if (!open) {
    if (!may && !actions) return null;
    return (
      <div className={classes.row}>
        {actions}
        {may && (
          <Button size="xs" variant="default" onClick={() => setOpen(true)}>
            {t('letters.write-note')}
          </Button>
        )}
      </div>
    );
  }
  return (
    <SendForm
      label={t('letters.send')}
      sending={write}
      ready={text.trim() !== ''}
      onSend={() => write.mutate({ kind: 'note', body: { text } }, { onSuccess: close })}
      onCancel={close}
    >
      <LetterText
        size="sm"
        data-autofocus
        aria-label={t('letters.kind.note')}
        placeholder={t('letters.note-hint')}
        value={text}
        onText={setText}
      />
    </SendForm>
  );
}
