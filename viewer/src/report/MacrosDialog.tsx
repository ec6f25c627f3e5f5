/** One's own text macros: what is typed, and what it becomes. Those of the site are shown and cannot be changed here. */
import { Button, Group, Modal, Stack, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { ErrorNote } from '../ui/states';
import classes from './MacrosDialog.module.css';
import { type KeptMacro, reportQueries, saveMacros } from './node';

const SHORTCUT = /^\/[\p{L}0-9-]{1,24}$/u;

export function MacrosDialog({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const client = useQueryClient();
  const kept = useQuery({ ...reportQueries.macros(), enabled: opened });
  const [edited, setEdited] = useState<KeptMacro[] | null>(null);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<unknown>(null);
  const own = edited ?? kept.data?.own ?? [];
  const wrong = (macro: KeptMacro) => !SHORTCUT.test(macro.shortcut) || !macro.text.trim();
  const set = (index: number, patch: Partial<KeptMacro>) =>
    setEdited(own.map((macro, at) => (at === index ? { ...macro, ...patch } : macro)));
  const save = async () => {
    setBusy(true);
    setError(null);
    try {
      await saveMacros(own);
      await client.invalidateQueries({ queryKey: reportQueries.macros().queryKey });
      setEdited(null);
      onClose();
    } catch (reason) {
      setError(reason);
    } finally {
      setBusy(false);
    }
  };
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      size="lg"
      title={t('macro.title')}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Stack gap="sm">
        <p className={classes.explained}>{t('macro.explained')}</p>
        {own.map((macro, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: what is typed is no stable name, and rows do not move
          <div key={index} className={classes.row}>
            <TextInput
              label={t('macro.shortcut')}
              value={macro.shortcut}
              error={macro.shortcut !== '/' && !SHORTCUT.test(macro.shortcut) ? t('macro.shortcut-wrong') : null}
              onChange={(event) => set(index, { shortcut: event.currentTarget.value.trim() })}
            />
            <Textarea
              label={t('macro.text')}
              className={classes.text ?? ''}
              autosize
              minRows={1}
              maxRows={8}
              maxLength={4000}
              value={macro.text}
              onChange={(event) => set(index, { text: event.currentTarget.value })}
            />
            <Button
              variant="subtle"
              size="compact-sm"
              aria-label={t('macro.remove', { shortcut: macro.shortcut })}
              onClick={() => setEdited(own.filter((_, at) => at !== index))}
            >
              {t('macro.remove-short')}
            </Button>
          </div>
        ))}
        {(kept.data?.site.length ?? 0) > 0 && (
          <dl className={classes.site} aria-label={t('macro.site')}>
            {kept.data?.site.map((macro) => (
              <div key={macro.shortcut}>
                <dt>{macro.shortcut}</dt>
                <dd>{macro.text}</dd>
              </div>
            ))}
          </dl>
        )}
        {error !== null && <ErrorNote error={error} />}
        <Group justify="space-between">
          <Button variant="default" onClick={() => setEdited([...own, { shortcut: '/', text: '' }])}>
            {t('macro.add')}
          </Button>
          <Button onClick={() => void save()} loading={busy} disabled={edited === null || own.some(wrong)}>
            {t('macro.save')}
          </Button>
        </Group>
      </Stack>
    </Modal>
  );
}
