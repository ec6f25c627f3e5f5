/** The small forms beside a mark: the text of an arrow, the true length of a calibration. */
import { Button, TextInput } from '@mantine/core';
import { type FormEvent, type KeyboardEvent, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './MarkLayer.module.css';
import type { Point } from './mark';
import type { MarkRoom, RoomState } from './room';

interface Props {
  asked: NonNullable<RoomState['asking']>;
  room: MarkRoom;
  at: Point;
}

/** A number as people here write it: `25,4` and `25.4` are the same. Null: it is none above 0. */
export function lengthFrom(text: string): number | null {
  const clean = text.trim().replace(',', '.');
  const value = /^\d+(\.\d+)?$/.test(clean) ? Number(clean) : Number.NaN;
  return value > 0 && value <= 10_000 ? value : null;
}

const onEscape = (act: () => void) => (event: KeyboardEvent) => {
  if (event.key !== 'Escape') return;
  event.stopPropagation();
  act();
};

export function AskText({ asked, room, at }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(asked.mark.text);
  const keep = (event: FormEvent) => {
    event.preventDefault();
    room.ask(null);
    room.keep({ ...asked.mark, text: text.normalize('NFC').trim() }, asked.stack);
    room.select(asked.mark.id);
  };
  return (
    <form
      className={classes.ask}
      style={{ left: at[0], top: at[1] }}
      onSubmit={keep}
      onKeyDown={onEscape(() => room.ask(null))}
    >
      <TextInput
        label={t('marks.text')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={120}
        autoFocus
        size="xs"
      />
      <div className={classes.buttons}>
        <Button size="compact-xs" variant="default" onClick={() => room.ask(null)}>
          {t('marks.cancel')}
        </Button>
        <Button size="compact-xs" type="submit">
          {t('marks.ok')}
        </Button>
      </div>
    </form>
  );
}

export function AskLength({ asked, room, at }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const keep = (event: FormEvent) => {
    event.preventDefault();
    const length = lengthFrom(text);
    if (length === null) return setWrong(true);
    room.ask(null);
    room.keep({ ...asked.mark, values: [{ name: 'length', number: length, unit: 'mm' }] }, asked.stack);
    room.select(asked.mark.id);
  };
  return (
    <form
      className={classes.ask}
      style={{ left: at[0], top: at[1] }}
      onSubmit={keep}
      onKeyDown={onEscape(() => room.ask(null))}
    >
      <p>{t('marks.calibrate-explained')}</p>
      <TextInput
        label={t('marks.length-mm')}
        value={text}
        inputMode="decimal"
        onChange={(event) => {
          setText(event.currentTarget.value);
          setWrong(false);
        }}
        error={wrong && t('marks.calibrate-wrong')}
        autoFocus
        size="xs"
      />
      <div className={classes.buttons}>
        <Button size="compact-xs" variant="default" onClick={() => room.ask(null)}>
          {t('marks.cancel')}
        </Button>
        <Button size="compact-xs" type="submit">
          {t('marks.apply')}
        </Button>
      </div>
    </form>
  );
}
