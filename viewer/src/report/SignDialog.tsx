import { Button, Checkbox, Group, Modal, Stack, Text } from '@mantine/core';
import { type KeyboardEvent, useEffect, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ApiError } from '../api/problem';
import type { Report, TaskDetail } from '../api/types';
import { personName } from '../i18n/format';
import { Note } from '../ui/Note';
import { ErrorNote } from '../ui/states';
import type { SignRequest } from './node';
import classes from './SignDialog.module.css';

export type SignAs = SignRequest['as'];
export type Known = SignRequest['acknowledge'][number];

interface Props {
  opened: boolean;
  task: TaskDetail;
  report: Report;
  signer: string;
  error: unknown;
  onClose: () => void;
  /** `acknowledge`: codes of what the signer knows of and signs nevertheless. */
  onSign: (as: SignAs, acknowledge: Known[]) => Promise<void>;
}

const ACKNOWLEDGED: readonly string[] = ['images-missing', 'lint'] satisfies Known[];
const mayBeKnown = (code: string): code is Known => ACKNOWLEDGED.includes(code);

/** At once: a second Ctrl+Enter must not go to the text that was written in. */
const takeFocus = (element: HTMLElement | null) => element?.focus();

/** The last look before a report is signed: who, what, as what. Ctrl+Enter a second time signs. */
export function SignDialog({ opened, task, report, signer, error, onClose, onSign }: Props) {
  const { t } = useTranslation();
  const [busy, setBusy] = useState(false);
  const [known, setKnown] = useState(false);
  const choices = task.may_sign ?? ['final'];
  const [as, setAs] = useState<SignAs>('final');
  const chosen = choices.includes(as) ? as : (choices[0] ?? 'final');
  const faults = error instanceof ApiError && error.code === 'not-ready' ? error.errors : [];
  const missing = task.instances_expected !== null && task.instances_received < task.instances_expected;
  const remarks = [
    ...new Set([...(missing ? ['images-missing'] : []), ...faults.flatMap((fault) => fault.code ?? [])]),
  ];
  const toKnow = remarks.filter(mayBeKnown);
  const ready = remarks.length === toKnow.length && (toKnow.length === 0 || known);
  const box = useRef<HTMLInputElement>(null);
  useEffect(() => {
    if (!opened) setKnown(false);
  }, [opened]);
  const asked = toKnow.length > 0;
  useEffect(() => {
    if (opened && asked) box.current?.focus();
  }, [opened, asked]);

  const sign = async () => {
    if (!ready) return;
    setBusy(true);
    try {
      await onSign(chosen, toKnow);
    } finally {
      setBusy(false);
    }
  };
  const onKeyDown = (event: KeyboardEvent) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) {
      event.preventDefault();
      event.stopPropagation();
      // the keys that opened the dialog, still held down, do not sign
      if (!busy && !event.repeat) void sign();
    }
  };
  const addendum = task.report_kind === 'addendum';
  const consequence = chosen === 'preliminary' ? 'sign.consequence-preliminary' : 'sign.consequence';
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t(addendum ? 'sign.title-addendum' : chosen === 'preliminary' ? 'sign.title-preliminary' : 'sign.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
      onKeyDown={onKeyDown}
      centered
    >
      <Stack gap="sm" ref={takeFocus} tabIndex={-1} className={classes.body ?? ''}>
        <Text size="sm">
          <b>{personName(task.patient_name)}</b> · {task.modality} · {task.description}
        </Text>
        <div className={classes.conclusion}>
          <Text size="xs" c="dark.2" mb={2}>
            {t('report.conclusion')}
          </Text>
          {report.conclusion || report.findings}
        </div>
        <Text size="sm" c="dark.1">
          {t('sign.by', { name: signer })}{' '}
          {t(consequence, { name: task.origin_name || task.origin, n: report.key_images.length })}
        </Text>
        {choices.length > 1 && (
          <fieldset className={classes.as}>
            <legend>{t('sign.as')}</legend>
            {choices.map((choice) => (
              <label key={choice}>
                <input type="radio" name="sign-as" checked={choice === chosen} onChange={() => setAs(choice)} />
                {t(`sign.choice.${choice}`)}
              </label>
            ))}
          </fieldset>
        )}
        {remarks.length > 0 && (
          <Note kind="warn" title={t('sign.remarks')}>
            <ul className={classes.remarks}>
              {remarks.map((code) => (
                <li key={code}>{t(`sign.fault.${code as 'images-missing' | 'lint' | 'unanswered'}`)}</li>
              ))}
            </ul>
            {toKnow.length > 0 && (
              <Checkbox
                ref={box}
                size="sm"
                mt={6}
                label={t('sign.acknowledge')}
                checked={known}
                data-autofocus={!known || undefined}
                onChange={(event) => setKnown(event.currentTarget.checked)}
              />
            )}
          </Note>
        )}
        {error !== null && error !== undefined && faults.length === 0 && <ErrorNote error={error} />}
        <Group justify="flex-end" gap="xs">
          <Button variant="default" onClick={onClose} disabled={busy}>
            {t('sign.back')}
          </Button>
          <Button
            onClick={() => void sign()}
            loading={busy}
            disabled={!ready}
            {...(toKnow.length ? {} : { 'data-autofocus': true })}
          >
            {t(chosen === 'preliminary' ? 'sign.confirm-preliminary' : 'sign.confirm')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
