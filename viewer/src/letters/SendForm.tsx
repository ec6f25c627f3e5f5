import { Button } from '@mantine/core';
import type { KeyboardEvent, ReactNode } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../ui/states';
import classes from './Letters.module.css';

interface Props {
  children: ReactNode;
  label: string;
  busy: boolean;
  error: unknown;
  ready: boolean;
  danger?: boolean;
  onSend: () => void;
  onCancel?: (() => void) | undefined;
}

/** The fields of something that is to be sent, its button, and what went wrong. Ctrl+Enter sends. */
export function SendForm({ children, label, busy, error, ready, danger = false, onSend, onCancel }: Props) {
  const { t } = useTranslation();
  const send = () => {
    if (ready && !busy) onSend();
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    event.stopPropagation(); // the page would sign
    send();
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: the shortcut belongs to the fields inside
    <div className={classes.form} onKeyDown={onKeyDown}>
      {children}
      {error !== null && error !== undefined && <ErrorNote error={error} />}
      <div className={classes.end}>
        {onCancel && (
          <Button size="xs" variant="subtle" color="gray" onClick={onCancel}>
            {t('letters.cancel')}
          </Button>
        )}
        <Button size="xs" color={danger ? 'red' : undefined} onClick={send} loading={busy} disabled={!ready}>
          {label}
        </Button>
      </div>
    </div>
  );
}
