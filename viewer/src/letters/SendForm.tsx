import { Button } from '@mantine/core';
import type { KeyboardEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/problem';
import { IconWarning } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote } from '../ui/states';
import classes from './Letters.module.css';

interface Props {
  children: ReactNode;
  label: string;
  sending: { isPending: boolean; error: unknown };
  ready: boolean;
  danger?: boolean;
  onSend: () => void;
  onCancel?: (() => void) | undefined;
}

/** The fields of something that is to be sent, its button, and what went wrong. Ctrl+Enter sends (`data-sends`: and does not sign). */
export function SendForm({ children, label, sending, ready, danger = false, onSend, onCancel }: Props) {
  const { t } = useTranslation();
  const send = () => {
    if (ready && !sending.isPending) onSend();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation();
    send();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the shortcut belongs to the fields inside
    <div className={classes.form} data-sends="" onKeyDown={onKeyDown}>
      {children}
      <Refusal error={sending.error} />
      <div className={classes.end}>
        <Button
          size="xs"
          color={danger ? 'red.8' : undefined}
          onClick={send}
          loading={sending.isPending}
          disabled={!ready}
        >
          {label}
        </Button>
        {onCancel && (
          <Button size="xs" variant="subtle" color="gray" onClick={onCancel}>
            {t('letters.cancel')}
          </Button>
        )}
      </div>
    </div>
  );
}

const TOLD = ['patient-name', 'patient-id', 'birth-date', 'long-number'] as const;

/** Why it was not sent: what of the text tells who the patient is, or whatever else is wrong. */
function Refusal({ error }: { error: unknown }) {
  const { t } = useTranslation();
  if (error === null || error === undefined) return null;
  if (!(error instanceof ApiError) || error.code !== 'tells-patient') return <ErrorNote error={error} />;
  const found = TOLD.filter((code) => error.errors.some((fault) => fault.code === code));
  return (
    <Note kind="bad" icon={<IconWarning />} title={t('letters.tells')}>
      <ul className={classes.faults}>
        {found.map((code) => (
          <li key={code}>{t(`letters.tells-what.${code}`)}</li>
        ))}
      </ul>
    </Note>
  );
}
