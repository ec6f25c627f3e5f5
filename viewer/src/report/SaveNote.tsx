import { UnstyledButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import type { Draft } from './draft';
import classes from './SaveNote.module.css';

/** Whether what is written has reached the node. */
export function SaveNote({ draft }: { draft: Draft }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { state } = draft;
  const words = {
    clean: () => t('report.autosave'),
    saved: () => t('report.saved', { time: state.kind === 'saved' ? format.moment(state.at.toISOString()) : '' }),
    unsaved: () => t('report.unsaved'),
    saving: () => t('report.saving'),
    failed: () => t(state.kind === 'failed' && state.retrying ? 'report.save-retrying' : 'report.save-failed'),
  }[state.kind]();
  return (
    <span className={classes.note} data-kind={state.kind} role="status">
      {words}
      {state.kind === 'failed' && (
        <UnstyledButton className={classes.again} onClick={() => void draft.flush()}>
          {t('action.retry')}
        </UnstyledButton>
      )}
    </span>
  );
}
