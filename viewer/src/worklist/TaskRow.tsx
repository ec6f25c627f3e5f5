import { Loader } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { pictureModalities } from '../api/pictures';
import type { Task } from '../api/types';
import { personName, ticking, useFormat } from '../i18n/format';
import { isBeingRead } from './order';
import { PriorityBadge } from './PriorityBadge';
import classes from './WorklistPage.module.css';

interface Props {
  task: Task;
  selected: boolean;
  opening: boolean;
  /** Seconds since the node said how long the task has waited. */
  since: number;
  onChoose: () => void;
  onOpen: () => void;
}

export function TaskRow({ task, selected, opening, since, onChoose, onOpen }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const waits = task.waiting_seconds !== null && task.state !== 'final' && task.state !== 'cancelled';
  const taken = isBeingRead(task.state) && !task.mine;
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the grid has the keys
    <div
      id={`task-${task.id}`}
      className={classes.row}
      role="row"
      tabIndex={-1}
      aria-selected={selected}
      data-taken={taken || undefined}
      onClick={onChoose}
      onDoubleClick={onOpen}
    >
      <span role="gridcell">
        <PriorityBadge priority={task.priority} />
      </span>
      <span role="gridcell" className={classes.waiting}>
        {waits && ticking(task.waiting_seconds! + since)}
        {task.state === 'final' && task.signed_at && format.moment(task.signed_at)}
      </span>
      <span role="gridcell" className={classes.state} data-state={task.state} data-mine={task.mine || undefined}>
        {opening && <Loader size={12} mr={6} />}
        {t(`task-state.${task.state}`)}
        {isBeingRead(task.state) && (
          <span className={classes.who}>{task.mine ? t('worklist.you') : task.claimed_by_name}</span>
        )}
      </span>
      <span role="gridcell">
        <Arrival received={task.instances_received} expected={task.instances_expected} />
      </span>
      <span role="gridcell">
        <b>{pictureModalities(task.modalities) || task.modality}</b>
      </span>
      <span role="gridcell" className={classes.description} title={task.description}>
        {task.description || t('view.no-description')}
        {task.body_part && <span className={classes.part}>{task.body_part}</span>}
      </span>
      <span role="gridcell" title={task.origin_name}>
        {task.origin_name || task.origin}
      </span>
      <span role="gridcell">{[format.sex(task.sex), format.age(task.age)].filter(Boolean).join(', ')}</span>
      <span role="gridcell" title={task.patient_id}>
        {personName(task.patient_name) || task.patient_id}
      </span>
    </div>
  );
}

function Arrival({ received, expected }: { received: number; expected: number | null }) {
  const { t } = useTranslation();
  const complete = expected !== null && received >= expected;
  const label = expected === null ? t('worklist.so-far', { n: received }) : `${received}/${expected}`;
  const share = expected ? Math.min(1, received / expected) : 0;
  return (
    <span className={classes.arrival} data-complete={complete || undefined}>
      <span>{label}</span>
      <span className={classes.track} aria-hidden="true">
        <span style={{ width: `${share * 100}%` }} />
      </span>
    </span>
  );
}
