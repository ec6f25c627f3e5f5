/** Why a machine sees nothing: what each asked its worklist, what it was told, and what kept the other orders away. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { dicomDate, dicomTime, useFormat } from '../i18n/format';
import { Empty, ErrorNote, Loading } from '../ui/states';
import { orderQueries } from './node';
import page from './OrderPage.module.css';
import classes from './TracePage.module.css';
import type { OrderState, WorklistQuestion, WorklistTrace } from './types';

const DATE = 'ScheduledProcedureStepStartDate';
const TIME = 'ScheduledProcedureStepStartTime';

export function TracePage() {
  const { t } = useTranslation();
  const [caller, setCaller] = useState('');
  const trace = useQuery({ ...orderQueries.trace(caller), refetchInterval: 5_000 });
  useEffect(() => {
    document.title = `${t('nav.questions')} · Liên Tuyến`;
  }, [t]);
  const names = new Map(trace.data?.callers.map((one) => [one.caller, one.name]));
  return (
    <div className={page.page}>
      <div className={page.bar}>
        <h1>{t('nav.questions')}</h1>
      </div>
      <p className={classes.lead}>{t('trace.lead')}</p>
      {trace.error && <ErrorNote error={trace.error} onRetry={() => void trace.refetch()} />}
      {trace.isPending && !trace.error && <Loading />}
      {trace.data && (
        <div className={classes.columns}>
          <Callers callers={trace.data.callers} chosen={caller} onChoose={setCaller} />
          <div className={classes.list}>
            {trace.data.items.map((question) => (
              <Question key={question.id} question={question} name={names.get(question.caller)} />
            ))}
            {trace.data.items.length === 0 && <Empty title={t('trace.empty')}>{t('trace.empty-hint')}</Empty>}
          </div>
        </div>
      )}
    </div>
  );
}

interface CallersProps {
  callers: WorklistTrace['callers'];
  chosen: string;
  onChoose: (caller: string) => void;
}

function Callers({ callers, chosen, onChoose }: CallersProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const all = { caller: '', name: t('trace.all'), ae_title: '', questions: -1, last_at: null };
  return (
    <nav className={classes.callers} aria-label={t('trace.callers')}>
      {[all, ...callers].map((one) => (
        <button
          key={one.caller}
          type="button"
          className={classes.caller}
          aria-pressed={one.caller === chosen}
          onClick={() => onChoose(one.caller)}
        >
          <b>{one.name}</b>
          {one.questions >= 0 && (
            <span data-silent={one.questions === 0 || undefined}>
              {one.ae_title} · {one.last_at ? t('trace.last', { time: format.moment(one.last_at) }) : t('trace.never')}
            </span>
          )}
        </button>
      ))}
    </nav>
  );
}

function Question({ question, name }: { question: WorklistQuestion; name: string | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const words = useWords();
  const n = format.number;
  return (
    <article className={classes.question}>
      <header>
        <b>{name ?? question.caller}</b>
        <span>
          {question.calling_ae} · {question.address} · {format.exactTime(question.at)}
        </span>
        <span className={classes.answer} data-none={question.answered === 0 || undefined}>
          {question.ending === 'success'
            ? t('trace.answered', { n: n(question.answered) })
            : t(`trace.ending.${question.ending}`, { n: n(question.answered) })}
        </span>
      </header>
      <p>
        {question.keys.length === 0
          ? t('trace.asked-all')
          : question.keys.map((key) => (
              <span key={key.key} className={classes.chip}>
                {words.key(key.key)} <b>{words.value(key)}</b>
              </span>
            ))}
      </p>
      {question.ignored.length > 0 && (
        <p className={classes.soft}>{t('trace.ignored', { words: question.ignored.map(words.key).join(', ') })}</p>
      )}
      {question.left_out.length > 0 && (
        <ul className={classes.reasons}>
          {question.left_out.map((reason) => (
            <li key={reason.because}>
              {t(reason.only > 0 ? 'trace.left-out-only' : 'trace.left-out', {
                why: words.key(reason.because),
                n: n(reason.orders),
                only: n(reason.only),
              })}
              {reason.found.length > 0 && (
                <span className={classes.soft}>
                  {' '}
                  {t('trace.theirs', {
                    values: reason.found.map((one) => words.plain(reason.because, one)).join(', '),
                  })}
                </span>
              )}
            </li>
          ))}
        </ul>
      )}
    </article>
  );
}

/** Keys and values of questions as people say them. */
function useWords() {
  const { t } = useTranslation();
  const plain = (key: string, value: string): string => {
    if (key === 'state') return t(`order-state.${value as OrderState}`);
    if (key === DATE || key === 'days') return dicomDate(value);
    if (key === TIME) return dicomTime(value) || value;
    return value;
  };
  const moment = (value: string) => `${dicomTime(value.slice(8))} ${dicomDate(value.slice(0, 8))}`.trim();
  const value = ({ key, kind, value: said }: WorklistQuestion['keys'][number]): string => {
    if (said === null) return t('trace.given');
    const parts = said.split('\\');
    if (kind === 'combined') return t('trace.range', { from: moment(parts[0] ?? ''), to: moment(parts[1] ?? '') });
    if (kind !== 'range') return parts.map((part) => plain(key, part)).join(', ');
    const [from = '', to = ''] = parts.map((part) => plain(key, part));
    if (!from || !to) return t(from ? 'trace.from' : 'trace.to', { moment: from || to });
    return from === to ? from : t('trace.range', { from, to });
  };
  const key = (keywords: string) =>
    keywords
      .split(' ')
      .map((one) => t(`worklist-key.${one as 'Modality'}`, { defaultValue: one }))
      .join(', ');
  return { key, value, plain };
}
