/** The reader asks the origin: something that is missing, or new images because these cannot be read. */
import { Checkbox, Modal, NativeSelect, SegmentedControl } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Letters.module.css';
import { LetterText } from './LetterText';
import { useAsk, useReject } from './mail';
import { SendForm } from './SendForm';
import { REASONS, type RepeatReason } from './types';

interface Props {
  taskId: string;
  opened: boolean;
  onClose: () => void;
}

export function AskDialog({ taskId, opened, onClose }: Props) {
  const { t } = useTranslation();
  const [what, setWhat] = useState<'ask' | 'repeat'>('ask');
  return (
    <Modal
      opened={opened}
      onClose={onClose}
      title={t('letters.ask-title')}
      size="md"
      closeButtonProps={{ 'aria-label': t('action.close') }}
    >
      <SegmentedControl
        fullWidth
        size="sm"
        aria-label={t('letters.ask-title')}
        value={what}
        onChange={(value) => setWhat(value as 'ask' | 'repeat')}
        data={[
          { value: 'ask', label: t('letters.ask') },
          { value: 'repeat', label: t('letters.ask-repeat') },
        ]}
      />
      {what === 'ask' ? <AskForm taskId={taskId} onDone={onClose} /> : <RepeatForm taskId={taskId} onDone={onClose} />}
    </Modal>
  );
}

function AskForm({ taskId, onDone }: { taskId: string; onDone: () => void }) {
  const { t } = useTranslation();
  const [text, setText] = useState('');
  const [blocking, setBlocking] = useState(true);
  const ask = useAsk(taskId);
  return (
    <SendForm
      label={t('letters.send-question')}
      sending={ask}
      ready={text.trim() !== ''}
      onSend={() => ask.mutate({ text, blocking }, { onSuccess: onDone })}
    >
      <LetterText data-autofocus minRows={3} label={t('letters.question')} value={text} onText={setText} />
      <Checkbox
        label={t('letters.blocking')}
        description={blocking ? t('letters.blocking-explained') : t('letters.not-blocking-explained')}
        checked={blocking}
        onChange={(event) => setBlocking(event.currentTarget.checked)}
      />
    </SendForm>
  );
}

function RepeatForm({ taskId, onDone }: { taskId: string; onDone: () => void }) {
  const { t } = useTranslation();
  const [reason, setReason] = useState<RepeatReason>('motion');
  const [text, setText] = useState('');
  const reject = useReject(taskId);
  return (
    <SendForm
      label={t('letters.send-repeat')}
      sending={reject}
      ready={reason !== 'other' || text.trim() !== ''}
      onSend={() => reject.mutate({ reason, text }, { onSuccess: onDone })}
    >
      <p className={classes.quiet}>{t('letters.repeat-explained')}</p>
      <NativeSelect
        label={t('letters.why')}
        value={reason}
        onChange={(event) => setReason(event.currentTarget.value as RepeatReason)}
        data={REASONS.map((one) => ({ value: one, label: t(`letters.reason.${one}`) }))}
      />
      <LetterText label={t('letters.how')} value={text} onText={setText} />
    </SendForm>
  );
}
