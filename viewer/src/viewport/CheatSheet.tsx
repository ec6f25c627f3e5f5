/** Every key and what it does; the user's own keys are chosen here. */
import { Button, Group, Modal } from '@mantine/core';
import { type KeyboardEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { REPORT_KEYS, type ReportKey } from '../report/keys';
import classes from './CheatSheet.module.css';
import { conflict, isReserved, type KeyMap, keyOf, type OwnKeys, shown, withKey } from './keymap';
import { ACTIONS, type Group as KeyGroup, useKeys } from './shortcuts';
import { useOwnKeys } from './useOwnKeys';

const GROUPS = [...new Set(ACTIONS.map((action) => action.group))];
/** Keys that are the same for everyone. */
const FIXED = [
  ['Enter', 'pen-start'],
  ['← ↑ ↓ →', 'pen-move'],
  ['Enter', 'pen-set'],
  ['Esc', 'pen-stop'],
  ['← ↑ ↓ →', 'mark-nudge'],
  ['Enter', 'mark-point'],
] as const;

/** A key that was pressed for an action and cannot simply be taken. */
interface Doubt {
  id: string;
  key: string;
  holder: string | null;
}

export function CheatSheet({ opened, onClose }: { opened: boolean; onClose: () => void }) {
  const { t } = useTranslation();
  const { own, change, failed } = useOwnKeys();
  const [editing, setEditing] = useState(false);
  const close = () => {
    setEditing(false);
    onClose();
  };
  return (
    <Modal
      opened={opened}
      onClose={close}
      title={t('keys.title')}
      size={980}
      closeOnEscape={!editing}
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <Group justify="space-between" mb="sm" wrap="nowrap" align="flex-start">
        <p className={classes.note}>{editing ? t('keys.change-explained') : t('keys.mouse')}</p>
        <Group gap="xs" wrap="nowrap">
          {editing && (
            <Button size="xs" variant="default" disabled={!Object.keys(own).length} onClick={() => change({})}>
              {t('keys.restore')}
            </Button>
          )}
          <Button size="xs" variant={editing ? 'filled' : 'default'} onClick={() => setEditing(!editing)}>
            {editing ? t('keys.done') : t('keys.change')}
          </Button>
        </Group>
      </Group>
      {failed && (
        <p className={classes.doubt} role="alert">
          {t('keys.not-saved')}
        </p>
      )}
      {editing ? <Editor own={own} onChange={change} /> : <Table />}
    </Modal>
  );
}

const REPORT_ROWS = Object.keys(REPORT_KEYS) as ReportKey[];

const keysOf = (map: KeyMap, id: string, space: string) => (map.byAction.get(id) ?? []).map((key) => shown(key, space));

function Table() {
  const { t } = useTranslation();
  const map = useKeys();
  return (
    <div className={classes.columns}>
      {GROUPS.map((group) => (
        <section key={group}>
          <h2 className={classes.heading}>{t(`keys.${group}`)}</h2>
          <dl className={classes.list}>
            {rowsOf(group)
              .filter(({ id }) => !OTHER_PRESET.test(id))
              .map(({ id }) => (
                <div key={id}>
                  <dt>
                    {(id === 'preset-1' ? [presetKeys(map)] : keysOf(map, id, t('key.space'))).map((key) => (
                      <kbd key={key} className={classes.key}>
                        {key}
                      </kbd>
                    ))}
                  </dt>
                  <dd>{id === 'preset-1' ? t('keys.presets') : t(`keys.do.${id}` as 'keys.do.undo')}</dd>
                </div>
              ))}
          </dl>
        </section>
      ))}
      <section>
        <h2 className={classes.heading}>{t('keys.in-report')}</h2>
        <dl className={classes.list}>
          {REPORT_ROWS.map((id) => (
            <div key={id}>
              <dt>
                <kbd className={classes.key}>{REPORT_KEYS[id].shown}</kbd>
              </dt>
              <dd>{t(`keys.report-do.${id}`)}</dd>
            </div>
          ))}
        </dl>
      </section>
      <section>
        <h2 className={classes.heading}>{t('keys.by-keyboard')}</h2>
        <dl className={classes.list}>
          {FIXED.map(([key, id]) => (
            <div key={id}>
              <dt>
                <kbd className={classes.key}>{key}</kbd>
              </dt>
              <dd>{t(`keys.fixed-do.${id}`)}</dd>
            </div>
          ))}
        </dl>
        <p className={classes.note}>{t('keys.by-keyboard-explained')}</p>
      </section>
    </div>
  );
}

const OTHER_PRESET = /^preset-[2-9]$/;

/** Nine keys in a line: `1 … 9`. */
function presetKeys(map: KeyMap): string {
  const all = Array.from({ length: 9 }, (_, index) => map.byAction.get(`preset-${index + 1}`)?.[0] ?? '–');
  return all.every((key, index) => key === String(index + 1)) ? '1 … 9' : all.join(' ');
}

const rowsOf = (group: KeyGroup) => ACTIONS.filter((action) => action.group === group);

function Editor({ own, onChange }: { own: OwnKeys; onChange: (next: OwnKeys) => void }) {
  const { t } = useTranslation();
  const map = useKeys();
  const [listening, setListening] = useState<string | null>(null);
  const [doubt, setDoubt] = useState<Doubt | null>(null);
  const name = (id: string) => t(`keys.do.${id}` as 'keys.do.undo');
  const pressed = (event: KeyboardEvent, id: string) => {
    if (listening !== id) return;
    const key = keyOf(event.nativeEvent);
    if (!key || event.key === 'Tab') return;
    event.preventDefault();
    event.stopPropagation();
    setListening(null);
    if (event.key === 'Escape') return;
    if (isReserved(key)) return setDoubt({ id, key, holder: null });
    const holder = conflict(map, id, key);
    if (holder) setDoubt({ id, key, holder });
    else onChange(withKey(ACTIONS, own, id, key));
  };
  return (
    <div className={classes.columns}>
      {GROUPS.map((group) => (
        <section key={group}>
          <h2 className={classes.heading}>{t(`keys.${group}`)}</h2>
          <ul className={classes.editor}>
            {rowsOf(group).map(({ id }) => (
              <li key={id}>
                <button
                  type="button"
                  className={classes.edit}
                  data-own={own[id] !== undefined || undefined}
                  aria-label={`${t('keys.change-of', { action: name(id) })}: ${listening === id ? t('keys.press') : keysOf(map, id, t('key.space')).join('  ') || t('keys.none')}`}
                  onClick={() => {
                    setDoubt(null);
                    setListening(id);
                  }}
                  onBlur={() => setListening((known) => (known === id ? null : known))}
                  onKeyDown={(event) => pressed(event, id)}
                >
                  {listening === id ? t('keys.press') : keysOf(map, id, t('key.space')).join('  ') || t('keys.none')}
                </button>
                <span>{name(id)}</span>
                {doubt?.id === id && (
                  <Doubtful
                    doubt={doubt}
                    name={name}
                    onTake={() => onChange(withKey(ACTIONS, own, id, doubt.key))}
                    onClose={() => setDoubt(null)}
                  />
                )}
              </li>
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function Doubtful({
  doubt,
  name,
  onTake,
  onClose,
}: {
  doubt: Doubt;
  name: (id: string) => string;
  onTake: () => void;
  onClose: () => void;
}) {
  const { t } = useTranslation();
  const key = shown(doubt.key, t('key.space'));
  return (
    <div className={classes.doubt} role="alert">
      <span>{doubt.holder ? t('keys.taken', { key, action: name(doubt.holder) }) : t('keys.reserved', { key })}</span>
      <Group gap={6}>
        {doubt.holder && (
          <Button
            size="compact-xs"
            autoFocus
            onClick={() => {
              onTake();
              onClose();
            }}
          >
            {t('keys.take')}
          </Button>
        )}
        <Button size="compact-xs" variant="default" onClick={onClose}>
          {t('keys.keep')}
        </Button>
      </Group>
    </div>
  );
}
