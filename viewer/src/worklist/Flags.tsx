import { useTranslation } from 'react-i18next';
import type { Task } from '../api/types';
import classes from './TaskGrid.module.css';

type Flag =
  | 'critical-open'
  | 'critical-noted'
  | 'question'
  | 'opinion-open'
  | 'opinion-answered'
  | 'preliminary'
  | 'accepted-yes'
  | 'accepted-partly'
  | 'accepted-no'
  | 'outcome-yes'
  | 'outcome-partly'
  | 'outcome-no'
  | 'scope';

export function flagsOf(task: Task): Flag[] {
  const flags: Flag[] = [];
  if (task.critical !== 'none') flags.push(`critical-${task.critical}`);
  if (task.question_open) flags.push('question');
  if (task.second_opinion !== 'none') flags.push(`opinion-${task.second_opinion}`);
  if (task.preliminary_by) flags.push('preliminary');
  if (task.accepted !== 'none') flags.push(`accepted-${task.accepted}`);
  if (task.outcome !== 'none') flags.push(`outcome-${task.outcome}`);
  if (!task.in_scope) flags.push('scope');
  return flags;
}

/** What is special about a study: a short word each, explained when pointed at. */
export function Flags({ task }: { task: Task }) {
  const { t } = useTranslation();
  return flagsOf(task).map((flag) => (
    <span key={flag} className={classes.flag} data-flag={flag} title={t(`worklist.flag-explained.${flag}`)}>
      {t(`worklist.flag.${flag}`)}
    </span>
  ));
}
