import { UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import type { Draft } from './draft';
import type { Keeping } from './kept';
import classes from './SaveNote.module.css';

/** Whether what is written has reached the node, and whether this machine keeps it until then. */
export function SaveNote({ draft, keeping }: { draft: Draft; keeping: Keeping }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { state } = draft;
  const words = {
    clean: () => t('report.autosave'),
    saved: () => t('report.saved', { time: state.kind === 'saved' ? format.exactTime(state.at.toISOString()) : '' }),
    unsaved: () => t('report.unsaved'),
    saving: () => t('report.saving'),
    conflict: () => t('report.save-conflict'),
    failed: () => t(state.kind === 'failed' && state.retrying ? 'report.save-retrying' : 'report.save-failed'),
  }[state.kind]();
  const waiting = state.kind === 'failed' || state.kind === 'conflict';
  return (
    <span className={classes.note} data-kind={state.kind} data-kept={keeping} role="status">
      {words}
      {waiting && ` · ${t(`report.kept.${keeping}`)}`}
      {state.kind === 'failed' && (
        <UnstyledButton className={classes.again} onClick={() => void draft.flush()}>
          {t('action.retry')}
        </UnstyledButton>
      )}
    </span>
  );
}
