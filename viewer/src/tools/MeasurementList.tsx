/** The measurements of a study, by series: each leads to its image, can be named, copied, taken out of the report or deleted. */
import { ActionIcon, Checkbox, TextInput, Tooltip } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { StudyDetail } from '../api/types';
import { IconCheck, IconCopy, IconErase } from '../ui/icons';
import { interceptKeys } from '../viewport/shortcuts';
import { useViews } from '../viewport/views';

import classes from './MeasurementList.module.css';
import type { Mark } from './mark';
import type { MarkRoom } from './room';
import { useMarks, useRoom } from './useMarks';
import { shortWords } from './words';

interface Props {
  study: StudyDetail;
}

export function MeasurementList({ study }: Props) {
  const { t } = useTranslation();
  const { marks, room, status, writable } = useMarks(study.study_instance_uid);
  const list = useRef<HTMLElement>(null);
  useArrowKeys(list);
  const groups = useMemo(
    () =>
      study.series
        .map((series) => ({
          series,
          marks: marks.filter((one) => one.series_instance_uid === series.series_instance_uid),
        }))
        .filter((group) => group.marks.length > 0),
    [study.series, marks],
  );
  return (
    <section ref={list} className={classes.list} data-mark-list tabIndex={-1} aria-label={t('marks.list')}>
      <h3 className={classes.title}>
        {t('marks.list')}
        {marks.length > 0 && <span className={classes.count}>{marks.length}</span>}
      </h3>
      {!groups.length && <p className={classes.none}>{t('marks.none')}</p>}
      {status === 'ready' && !writable && marks.some((mark) => mark.revision === 0) && (
        <p className={classes.none}>{t('marks.only-here')}</p>
      )}
      {groups.map(({ series, marks: own }) => (
        <div key={series.series_instance_uid}>
          <p className={classes.series}>
            {t('marks.series', { n: series.number ?? '–' })} · {series.description || series.modality}
          </p>
          <ul className={classes.rows}>
            {own.map((mark) => (
              <Row key={mark.id} mark={mark} room={room} image={imageNumber(study, mark)} />
            ))}
          </ul>
        </div>
      ))}
    </section>
  );
}

/** What people call the image: its Instance Number, with the frame where it has several. */
function imageNumber(study: StudyDetail, mark: Mark): string {
  const series = study.series.find((one) => one.series_instance_uid === mark.series_instance_uid);
  const instance = series?.instances.find((one) => one.sop_instance_uid === mark.sop_instance_uid);
  const number = instance?.number ?? null;
  const frames = instance?.frames ?? 1;
  if (frames > 1) return number === null || number === 1 ? String(mark.frame) : `${number}.${mark.frame}`;
  return number === null ? '' : String(number);
}

/** Up and down go through the list while it has the focus. */
function useArrowKeys(list: { readonly current: HTMLElement | null }): void {
  useEffect(
    () =>
      interceptKeys((event) => {
        const target = event.target instanceof HTMLElement ? event.target : null;
        if (!target || !list.current?.contains(target) || target.matches('input')) return false;
        const by = event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
        if (!by) return false;
        const entries = [...list.current.querySelectorAll<HTMLElement>('[data-entry]')];
        const row = target.closest('li')?.querySelector<HTMLElement>('[data-entry]');
        const at = row ? entries.indexOf(row) : -1;
        entries[Math.min(entries.length - 1, Math.max(0, at + by))]?.focus();
        return true;
      }),
    [list],
  );
}

function Row({ mark, room, image }: { mark: Mark; room: MarkRoom; image: string }) {
  const { t } = useTranslation();
  const { show } = useViews();
  const { selected } = useRoom(room);
  const [naming, setNaming] = useState(false);
  const may = room.mayChange(mark);
  const change = (patch: Partial<Mark>) => room.store.put([{ ...mark, ...patch }]);
  const go = () => {
    show(mark.sop_instance_uid, mark.frame);
    room.select(mark.id);
  };
  const kind = t(`marks.kind.${mark.kind}`);
  const name = mark.text || kind;
  const words = shortWords({ ...mark, text: '' });
  return (
    <li className={classes.row} data-selected={mark.id === selected || undefined}>
      {naming ? (
        <Naming
          value={mark.text}
          onDone={(text) => {
            setNaming(false);
            if (text !== null && text !== mark.text) change({ text });
          }}
        />
      ) : (
        <button
          type="button"
          className={classes.entry}
          data-entry
          title={may ? `${name} — F2` : name}
          onClick={go}
          onFocus={() => room.select(mark.id)}
          onDoubleClick={() => may && setNaming(true)}
          onKeyDown={(event) => event.key === 'F2' && may && setNaming(true)}
        >
          <span className={classes.name}>{name}</span>
          <span className={classes.value}>{words}</span>
          <span className={classes.where}>
            {image && t('marks.image', { n: image })}
            {!mark.mine && mark.author_name && ` · ${t('marks.by', { name: mark.author_name })}`}
          </span>
        </button>
      )}
      {mark.kind !== 'calibration' && (
        <Tooltip label={t('marks.in-report')} openDelay={350}>
          <Checkbox
            size="xs"
            checked={mark.in_report}
            disabled={!may}
            aria-label={`${t('marks.in-report')}: ${name} ${words}`}
            onChange={(event) => change({ in_report: event.currentTarget.checked })}
          />
        </Tooltip>
      )}
      <Copy text={words || mark.text} />
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        disabled={!may}
        aria-label={`${t('marks.delete')}: ${name} ${words}`}
        onClick={() => room.remove(mark.id)}
      >
        <IconErase size={14} />
      </ActionIcon>
    </li>
  );
}

function Naming({ value, onDone }: { value: string; onDone: (text: string | null) => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState(value);
  return (
    <TextInput
      className={classes.naming}
      size="xs"
      aria-label={t('marks.label')}
      value={text}
      maxLength={120}
      autoFocus
      onChange={(event) => setText(event.currentTarget.value)}
      onBlur={() => onDone(text.normalize('NFC').trim())}
      onKeyDown={(event) => {
        if (event.key === 'Enter') onDone(text.normalize('NFC').trim());
        if (event.key === 'Escape') {
          event.stopPropagation();
          onDone(null);
        }
      }}
    />
  );
}

function Copy({ text }: { text: string }) {
  const { t } = useTranslation();
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      setTimeout(() => setDone(false), 1_500);
    } catch {
      setDone(false); // a browser that does not let us
    }
  };
  return (
    <Tooltip label={done ? t('marks.copied') : t('marks.copy')} openDelay={350}>
      <ActionIcon
        variant="subtle"
        color="gray"
        size={24}
        aria-label={`${t('marks.copy')}: ${text}`}
        onClick={() => void copy()}
      >
        {done ? <IconCheck size={14} /> : <IconCopy size={14} />}
      </ActionIcon>
    </Tooltip>
  );
}
