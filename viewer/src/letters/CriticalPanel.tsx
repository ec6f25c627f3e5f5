/** The critical findings of a task: raised here, told to the origin, noted there; each with its time. */
import { Button, Checkbox, NativeSelect, Radio, Stack, TextInput } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import { between, ticking, useFormat } from '../i18n/format';
import { IconWarning } from '../ui/icons';
import { ErrorNote } from '../ui/states';
import { useNow } from '../worklist/useNow';
import classes from './Letters.module.css';
import { LetterText } from './LetterText';
import { mail, type TakenNote, useNoteTold, useRaise, useWithdraw } from './mail';
import { SendForm } from './SendForm';
import type { Category, Finding } from './types';

const CATEGORIES: readonly Category[] = [1, 2, 3];
const CHANNELS: readonly TakenNote['channel'][] = ['telephone', 'video', 'message'];

interface Props {
  taskId: string;
  /** This person reads the study or has read it. */
  editable: boolean;
}

export function CriticalPanel({ taskId, editable }: Props) {
  const { t } = useTranslation();
  const findings = useQuery(mail.findings(taskId));
  const [raising, setRaising] = useState(false);
  const items = findings.data ?? [];
  if (items.length === 0 && !editable && !findings.error) return null;
  return (
    <section className={classes.panel} aria-label={t('letters.criticals')}>
      <h3 className={classes.title}>
        {t('letters.criticals')}
        {editable && !raising && (
          <Button
            size="compact-xs"
            variant="light"
            color="red"
            leftSection={<IconWarning size={14} />}
            onClick={() => setRaising(true)}
          >
            {t('letters.raise')}
          </Button>
        )}
      </h3>
      {findings.error && <ErrorNote error={findings.error} onRetry={() => void findings.refetch()} />}
      {raising && <RaiseForm taskId={taskId} onDone={() => setRaising(false)} />}
      {items.map((finding) => (
        <Entry key={finding.id} taskId={taskId} finding={finding} editable={editable} />
      ))}
    </section>
  );
}

function Entry({ taskId, finding, editable }: Props & { finding: Finding }) {
  const { t } = useTranslation();
  const format = useFormat();
  const [doing, setDoing] = useState<'note' | 'withdraw' | null>(null);
  const open = finding.state === 'raised' || finding.state === 'told';
  const close = () => setDoing(null);
  return (
    <div className={classes.finding} data-state={finding.state}>
      <p className={classes.head}>
        <b>{t(`letters.category.${finding.category}`)}</b>
        <span className={finding.state === 'noted' ? classes.known : undefined}>
          {t(`letters.state.${finding.state}`)}
        </span>
        {open ? (
          <Clock dueAt={finding.due_at} />
        ) : (
          <time dateTime={finding.raised_at}>{format.moment(finding.raised_at)}</time>
        )}
      </p>
      <p className={classes.text}>{finding.text}</p>
      {finding.state === 'noted' && (
        <p className={classes.facts}>
          {[
            finding.noted_by,
            finding.channel && t(`letters.channel.${finding.channel}`),
            finding.read_back ? t('letters.read-back-yes') : t('letters.read-back-no'),
            finding.noted_at && format.moment(finding.noted_at),
          ]
            .filter(Boolean)
            .join(' · ')}
        </p>
      )}
      {open && editable && doing === null && (
        <div className={classes.end}>
          <Button size="compact-xs" variant="subtle" color="gray" onClick={() => setDoing('withdraw')}>
            {t('letters.withdraw')}
          </Button>
          <Button size="compact-xs" variant="default" onClick={() => setDoing('note')}>
            {t('letters.told-otherwise')}
          </Button>
        </div>
      )}
      {open && doing === 'note' && <ToldForm taskId={taskId} findingId={finding.id} onDone={close} />}
      {open && doing === 'withdraw' && <WithdrawForm taskId={taskId} findingId={finding.id} onDone={close} />}
    </div>
  );
}

function Clock({ dueAt }: { dueAt: string }) {
  const { t } = useTranslation();
  const now = useNow(1000);
  const left = between(new Date(now).toISOString(), dueAt);
  return (
    <span className={classes.clock} data-overdue={left <= 0 || undefined}>
      {left > 0 ? t('letters.left', { time: ticking(left) }) : t('letters.overdue', { time: ticking(-left) })}
    </span>
  );
}

function RaiseForm({ taskId, onDone }: { taskId: string; onDone: () => void }) {
  const { t } = useTranslation();
  const [category, setCategory] = useState<Category>(1);
  const [text, setText] = useState('');
  const raise = useRaise(taskId);
  return (
    <SendForm
      label={t('letters.send-critical')}
      danger
      sending={raise}
      ready={text.trim() !== ''}
      onSend={() => raise.mutate({ category, text }, { onSuccess: onDone })}
      onCancel={onDone}
    >
      <Radio.Group
        label={t('letters.how-soon')}
        value={String(category)}
        onChange={(value) => setCategory(Number(value) as Category)}
      >
        <Stack gap={6} mt={4}>
          {CATEGORIES.map((one) => (
            <Radio key={one} size="xs" value={String(one)} label={t(`letters.category.${one}`)} />
          ))}
        </Stack>
      </Radio.Group>
      <LetterText autoFocus label={t('letters.what-found')} value={text} onText={setText} />
    </SendForm>
  );
}

interface EndProps {
  taskId: string;
  findingId: string;
  onDone: () => void;
}

function ToldForm({ taskId, findingId, onDone }: EndProps) {
  const { t } = useTranslation();
  const [name, setName] = useState('');
  const [channel, setChannel] = useState<TakenNote['channel']>('telephone');
  const [readBack, setReadBack] = useState(false);
  const note = useNoteTold(taskId, findingId);
  return (
    <SendForm
      label={t('letters.record-told')}
      sending={note}
      ready={name.trim().length > 1}
      onSend={() => note.mutate({ noted_by: name, channel, read_back: readBack }, { onSuccess: onDone })}
      onCancel={onDone}
    >
      <TextInput
        size="xs"
        autoFocus
        maxLength={200}
        label={t('letters.who-noted')}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <NativeSelect
        size="xs"
        label={t('letters.by-what')}
        value={channel}
        onChange={(event) => setChannel(event.currentTarget.value as TakenNote['channel'])}
        data={CHANNELS.map((one) => ({ value: one, label: t(`letters.channel.${one}`) }))}
      />
      <Checkbox
        size="xs"
        label={t('letters.they-read-back')}
        checked={readBack}
        onChange={(event) => setReadBack(event.currentTarget.checked)}
      />
    </SendForm>
  );
}

function WithdrawForm({ taskId, findingId, onDone }: EndProps) {
  const { t } = useTranslation();
  const [reason, setReason] = useState('');
  const withdraw = useWithdraw(taskId, findingId);
  return (
    <SendForm
      label={t('letters.withdraw')}
      danger
      sending={withdraw}
      ready={reason.trim() !== ''}
      onSend={() => withdraw.mutate({ reason }, { onSuccess: onDone })}
      onCancel={onDone}
    >
      <LetterText
        size="xs"
        autoFocus
        minRows={1}
        label={t('letters.why-withdrawn')}
        value={reason}
        onText={setReason}
      />
    </SendForm>
  );
}
