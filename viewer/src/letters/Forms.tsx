/** What the treating doctor writes: why the study is sent, whether the report is accepted, how it went on. */
import { Button, Checkbox, CloseButton, SegmentedControl, TextInput } from '@mantine/core';
import { useState } from 'react';
import { useTranslation } from 'react-i18next';
import classes from './Letters.module.css';
import { LetterText } from './LetterText';
import { useWrite } from './mail';
import { SendForm } from './SendForm';
import type { Agreement } from './types';

interface Props {
  studyUid: string;
  onDone: () => void;
  onCancel?: () => void;
}

const AGREEMENTS: readonly Agreement[] = ['yes', 'partly', 'no'];
const MOST_QUESTIONS = 10;

/** The case summary and the questions that the reader is to answer one by one. */
export function RequestForm({ studyUid, onDone, onCancel }: Props) {
  const { t } = useTranslation();
  const [summary, setSummary] = useState('');
  const [questions, setQuestions] = useState([{ key: 0, text: '' }]);
  const [urgent, setUrgent] = useState(false);
  const write = useWrite(studyUid);
  const asked = questions.map((one) => one.text.trim()).filter(Boolean);
  const change = (key: number, text: string) =>
    setQuestions((known) => known.map((one) => (one.key === key ? { key, text } : one)));
  const remove = (key: number) => setQuestions((known) => known.filter((one) => one.key !== key));
  const add = () =>
    setQuestions((known) => [...known, { key: 1 + Math.max(0, ...known.map((one) => one.key)), text: '' }]);
  return (
    <SendForm
      label={t('letters.send-request')}
      sending={write}
      ready={summary.trim() !== ''}
      onSend={() =>
        write.mutate({ kind: 'request', body: { summary, questions: asked, urgent } }, { onSuccess: onDone })
      }
      onCancel={onCancel}
    >
      <LetterText
        autoFocus
        minRows={3}
        label={t('letters.summary')}
        description={t('letters.no-names')}
        value={summary}
        onText={setSummary}
      />
      <fieldset className={classes.fields}>
        <legend>{t('letters.questions')}</legend>
        {questions.map((one, index) => (
          <TextInput
            key={one.key}
            maxLength={500}
            aria-label={t('letters.question-n', { n: index + 1 })}
            placeholder={t('letters.question-n', { n: index + 1 })}
            value={one.text}
            onChange={(event) => change(one.key, event.currentTarget.value)}
            rightSection={
              questions.length > 1 && (
                <CloseButton
                  size="sm"
                  aria-label={t('letters.remove-question', { n: index + 1 })}
                  onClick={() => remove(one.key)}
                />
              )
            }
          />
        ))}
        {questions.length < MOST_QUESTIONS && (
          <div>
            <Button size="compact-sm" variant="subtle" onClick={add}>
              {t('letters.add-question')}
            </Button>
          </div>
        )}
      </fieldset>
      <Checkbox
        label={t('letters.urgent')}
        checked={urgent}
        onChange={(event) => setUrgent(event.currentTarget.checked)}
      />
    </SendForm>
  );
}

/** The treating doctor decides what the report is worth for the treatment (Circular 49/2017, article 3). */
export function AcceptanceForm({ studyUid, report, onDone, onCancel }: Props & { report: string }) {
  const { t } = useTranslation();
  const [accepted, setAccepted] = useState<Agreement>('yes');
  const [reason, setReason] = useState('');
  const write = useWrite(studyUid);
  return (
    <SendForm
      label={t('letters.send-acceptance')}
      sending={write}
      ready={accepted === 'yes' || reason.trim() !== ''}
      onSend={() => write.mutate({ kind: 'acceptance', body: { accepted, reason, report } }, { onSuccess: onDone })}
      onCancel={onCancel}
    >
      <SegmentedControl
        aria-label={t('letters.kind.acceptance')}
        value={accepted}
        onChange={(value) => setAccepted(value as Agreement)}
        data={AGREEMENTS.map((one) => ({ value: one, label: t(`letters.accept.${one}`) }))}
      />
      <LetterText
        minRows={accepted === 'yes' ? 1 : 2}
        label={accepted === 'yes' ? t('letters.remark') : t('letters.why-not-accepted')}
        required={accepted !== 'yes'}
        value={reason}
        onText={setReason}
      />
    </SendForm>
  );
}

/** How it went on with the patient: the reader learns from it. */
export function OutcomeForm({ studyUid, onDone, onCancel }: Props) {
  const { t } = useTranslation();
  const [diagnosis, setDiagnosis] = useState('');
  const [course, setCourse] = useState('');
  const [agrees, setAgrees] = useState<Agreement>('yes');
  const write = useWrite(studyUid);
  return (
    <SendForm
      label={t('letters.send-outcome')}
      sending={write}
      ready={diagnosis.trim() !== ''}
      onSend={() => write.mutate({ kind: 'outcome', body: { diagnosis, course, agrees } }, { onSuccess: onDone })}
      onCancel={onCancel}
    >
      <LetterText autoFocus minRows={1} label={t('letters.diagnosis')} value={diagnosis} onText={setDiagnosis} />
      <LetterText label={t('letters.course')} value={course} onText={setCourse} />
      <SegmentedControl
        aria-label={t('letters.agreement')}
        value={agrees}
        onChange={(value) => setAgrees(value as Agreement)}
        data={AGREEMENTS.map((one) => ({ value: one, label: t(`letters.agree.${one}`) }))}
      />
    </SendForm>
  );
}
