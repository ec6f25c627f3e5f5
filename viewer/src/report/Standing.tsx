/** Whose the task is, how the report stands, and what can be done about it. */
import { Badge, Button, Group } from '@mantine/core';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import type { TaskDetail } from '../api/types';
import { ticking, useFormat } from '../i18n/format';
import { IconCheck } from '../ui/icons';
import { Note } from '../ui/Note';

interface Props {
  task: TaskDetail;
  editable: boolean;
  busy: boolean;
  /** Absent: the caller is no reader. */
  onClaim: (() => void) | null;
  onCorrect: (() => void) | null;
  onAmend: (() => void) | null;
}

/** What claiming the task would be, in words; null: it cannot be claimed as it stands. */
export function claimOf(task: TaskDetail) {
  if (task.state === 'needs-info' || task.state === 'unreadable')
    return { title: `report.${task.state}`, label: 'report.go-on' } as const;
  if (task.state === 'final' || task.state === 'cancelled' || task.claimed_by) return null;
  if (task.state === 'preliminary') return { title: 'report.preliminary-title', label: 'report.verify' } as const;
  if (task.state === 'incomplete' && task.priority !== 'emergency') return null;
  return { title: 'report.unclaimed-title', label: 'report.claim' } as const;
}

export function Standing(props: Props) {
  const { task, editable, busy, onClaim } = props;
  const { t } = useTranslation();
  if (task.state === 'final') return <Signed {...props} />;
  if (editable) {
    if (task.state === 'verifying') return <Note kind="info" title={t('report.verifying')} />;
    if (task.state === 'amending')
      return (
        <Note kind="info" title={t(task.report_kind === 'addendum' ? 'report.addendum-writing' : 'report.correcting')}>
          {t('report.stands')}
        </Note>
      );
    return null;
  }
  if (task.state === 'cancelled') return <Note kind="info" title={t('report.cancelled')} />;
  const claim = claimOf(task);
  if (claim) return <Claimable title={t(claim.title)} busy={busy} onClaim={onClaim} label={t(claim.label)} />;
  if (task.mine) return null; // the editor is about to open
  if (task.claimed_by)
    return (
      <Note kind="warn" title={t('report.others-title', { name: task.claimed_by_name ?? '' })}>
        {t('report.others')}
      </Note>
    );
  return (
    <Note kind="info" title={t('report.incomplete-title')}>
      {t('report.incomplete')}
    </Note>
  );
}

function Claimable({
  title,
  busy,
  onClaim,
  label,
}: {
  title: string;
  busy: boolean;
  onClaim: (() => void) | null;
  label: string;
}) {
  const { t } = useTranslation();
  return (
    <Note kind="info" title={title}>
      <Group justify="space-between" gap="xs">
        {onClaim && t('report.unclaimed')}
        {onClaim && (
          <Button size="xs" onClick={onClaim} loading={busy}>
            {label}
          </Button>
        )}
      </Group>
    </Note>
  );
}

function Signed({ task, busy, onCorrect, onAmend }: Props) {
  const { t } = useTranslation();
  const format = useFormat();
  const left = useSecondsUntil(task.correctable_until);
  return (
    <Note kind="good" icon={<IconCheck />} title={t('report.signed')}>
      {task.claimed_by_name}
      {task.signed_at && ` · ${format.moment(task.signed_at)}`}
      <Group gap="xs" mt={6}>
        {left > 0 && onCorrect && (
          <Button size="compact-xs" variant="light" onClick={onCorrect} loading={busy}>
            {t('report.correct', { left: ticking(left) })}
          </Button>
        )}
        {onAmend && (
          <Button size="compact-xs" variant="default" onClick={onAmend} loading={busy}>
            {t('report.amend')}
          </Button>
        )}
      </Group>
    </Note>
  );
}

/** Seconds from now to a time, ticking; 0 when it is over. */
function useSecondsUntil(until: string | null): number {
  const left = () => (until ? Math.max(0, Math.ceil((Date.parse(until) - Date.now()) / 1000)) : 0);
  const [seconds, setSeconds] = useState(left);
  // biome-ignore lint/correctness/useExhaustiveDependencies: `left` is made of `until`
  useEffect(() => {
    setSeconds(left());
    if (!until) return undefined;
    const timer = setInterval(() => setSeconds(left()), 1000);
    return () => clearInterval(timer);
  }, [until]);
  return seconds;
}

/** Draft, preliminary, final or addendum, in one word. */
export function StateBadge({ state, addendum }: { state: string; addendum: number | null }) {
  const { t } = useTranslation();
  const color = { preliminary: 'yellow', final: 'teal' }[state] ?? 'gray';
  const text = addendum
    ? t('report.badge.addendum', { n: addendum })
    : t(`report.badge.${state as 'draft' | 'preliminary' | 'final' | 'abandoned'}`);
  return (
    <Badge color={color} variant="light" tt="none" size="sm">
      {text}
    </Badge>
  );
}
