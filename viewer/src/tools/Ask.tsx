/** The small forms beside a mark: the text of an arrow, the true length of a calibration. */
import { Button, TextInput } from '@mantine/core';
import { type ReactNode, useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './MarkLayer.module.css';
import type { Mark, Point } from './mark';
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

interface FormProps extends Pick<Props, 'at' | 'room'> {
  /** What the button says that keeps it. */
  label: string;
  onKeep: () => void;
  children: ReactNode;
}

/** The fields beside a mark; Escape leaves them. */
function AskForm({ at, room, label, onKeep, children }: FormProps) {
  const { t } = useTranslation();
  const leave = () => room.ask(null);
  return (
    <form
      className={classes.ask}
      style={{ left: at[0], top: at[1] }}
      onSubmit={(event) => {
        event.preventDefault();
        onKeep();
      }}
      onKeyDown={(event) => {
        if (event.key !== 'Escape') return;
        event.stopPropagation();
        leave();
      }}
    >
      {children}
      <div className={classes.buttons}>
        <Button size="compact-xs" variant="default" onClick={leave}>
          {t('marks.cancel')}
        </Button>
        <Button size="compact-xs" type="submit">
          {label}
        </Button>
      </div>
    </form>
  );
}

/** The mark as it was asked for; it is selected then. */
function keep({ asked, room }: Pick<Props, 'asked' | 'room'>, more: Partial<Mark>): void {
  room.ask(null);
  room.keep({ ...asked.mark, ...more }, asked.stack);
  room.select(asked.mark.id);
}

export function AskText({ asked, room, at }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState(asked.mark.text);
  return (
    <AskForm
      at={at}
      room={room}
      label={t('marks.ok')}
      onKeep={() => keep({ asked, room }, { text: text.normalize('NFC').trim() })}
    >
      <TextInput
        label={t('marks.text')}
        value={text}
        onChange={(event) => setText(event.currentTarget.value)}
        maxLength={120}
        autoFocus
        size="xs"
      />
    </AskForm>
  );
}

export function AskLength({ asked, room, at }: Props) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [wrong, setWrong] = useState(false);
  const apply = () => {
    const length = lengthFrom(text);
    if (length === null) setWrong(true);
    else keep({ asked, room }, { values: [{ name: 'length', number: length, unit: 'mm' }] });
  };
  return (
    <AskForm at={at} room={room} label={t('marks.apply')} onKeep={apply}>
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
    </AskForm>
  );
}
