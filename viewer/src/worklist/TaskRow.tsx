import { Loader } from '@mantine/core';
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { pictureModalities } from '../api/pictures';
import type { KnownTask } from '../api/tasks';
import { useFormat } from '../i18n/format';
import { IconMore } from '../ui/icons';
import { ClockBar } from './ClockBar';
import { Flags } from './Flags';
import { isBeingRead } from './order';
import { PriorityBadge } from './PriorityBadge';
import classes from './TaskGrid.module.css';

interface Props {
  task: KnownTask;
  index: number;
  top: number;
  selected: boolean;
  opening: boolean;
  now: number;
  onChoose: (id: string) => void;
  onOpen: (id: string) => void;
  onMenu: (id: string, x: number, y: number) => void;
}

export const TaskRow = memo(function TaskRow(props: Props) {
  const { task, index, top, selected, opening, now, onChoose, onOpen, onMenu } = props;
  const { t } = useTranslation();
  const format = useFormat();
  const done = task.state === 'final' || task.state === 'cancelled';
  const taken = isBeingRead(task.state) && !task.mine;
  const question = [task.clinical_question, ...task.questions].filter(Boolean).join(' · ');
  const person = [format.sex(task.sex), format.age(task.age)].filter(Boolean).join(', ');
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      id={`task-${task.id}`}
      className={classes.row}
      role="row"
      tabIndex={-1}
      aria-rowindex={index + 2}
      aria-selected={selected}
      data-taken={taken || undefined}
      data-mine={task.mine || undefined}
      style={{ transform: `translateY(${top}px)` }}
      onClick={() => onChoose(task.id)}
      onDoubleClick={() => onOpen(task.id)}
      onContextMenu={(event) => {
        event.preventDefault();
        onMenu(task.id, event.clientX, event.clientY);
      }}
    >
      <span role="gridcell">
        <PriorityBadge priority={task.priority} />
      </span>
      <span role="gridcell">
        {done ? task.signed_at && format.moment(task.signed_at) : <ClockBar task={task} now={now} />}
      </span>
      <span role="gridcell">
        <Arrival task={task} />
      </span>
      <span role="gridcell" title={task.origin_name}>
        {task.origin_name || task.origin}
      </span>
      <span role="gridcell">
        <b>{pictureModalities(task.modalities) || task.modality}</b>
      </span>
      <span role="gridcell" className={classes.description} title={task.description}>
        {task.body_part && <span className={classes.part}>{task.body_part}</span>}
        {task.description || t('view.no-description')}
      </span>
      <span role="gridcell" className={classes.question} title={question}>
        {question}
      </span>
      <span
        role="gridcell"
        className={classes.number}
        title={task.priors > 0 ? t('worklist.priors', { n: task.priors }) : undefined}
      >
        {task.priors > 0 && task.priors}
      </span>
      <span role="gridcell" title={task.patient_id}>
        {person}
      </span>
      <span role="gridcell" className={classes.state} data-state={task.state} data-mine={task.mine || undefined}>
        {opening && <Loader size={12} mr={6} />}
        <StateWords task={task} />
      </span>
      <span role="gridcell" className={classes.flags}>
        <Flags task={task} />
      </span>
      <span role="gridcell" className={classes.more}>
        <button
          type="button"
          tabIndex={-1}
          aria-label={t('worklist.actions')}
          onClick={(event) => {
            event.stopPropagation();
            const box = event.currentTarget.getBoundingClientRect();
            onMenu(task.id, box.left, box.bottom);
          }}
        >
          <IconMore size={16} />
        </button>
      </span>
    </div>
  );
});

function StateWords({ task }: { task: KnownTask }) {
  const { t } = useTranslation();
  const who = isBeingRead(task.state)
    ? task.mine
      ? t('worklist.you')
      : task.claimed_by_name
    : task.state === 'preliminary'
      ? task.preliminary_by
      : task.state === 'final'
        ? task.claimed_by_name
        : task.assigned_to_name && t('worklist.for', { name: task.assigned_to_name });
  return (
    <>
      {t(`task-state.${task.state}`)}
      {who && (
        <span className={classes.who} title={who}>
          {who}
        </span>
      )}
    </>
  );
}

function Arrival({ task }: { task: KnownTask }) {
  const { t } = useTranslation();
  const { instances_received: received, instances_expected: expected } = task;
  const complete = task.ready_at !== null && task.state !== 'incomplete';
  const label =
    expected === null || (complete && received >= expected)
      ? t('worklist.so-far', { n: received })
      : t('worklist.of-so-many', { n: received, total: expected });
  const share = complete ? 1 : expected ? Math.min(1, received / expected) : 0;
  return (
    <span className={classes.arrival} data-complete={complete || undefined}>
      <span>{label}</span>
      <span className={classes.track} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  );
}
