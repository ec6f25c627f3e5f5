import { useQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';
import type { TimelineItem } from '../api/types';
import { between, useFormat } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { Section } from './Section';
import classes from './StudyPage.module.css';

const BAD: readonly string[] = ['held', 'refused'];

/** Everything that happened to a study, in order, at which node, and how long it took. */
export function TimelineSection({ uid }: { uid: string }) {
  const { t } = useTranslation();
  const format = useFormat();
  const timeline = useQuery({ ...queries.timeline(uid), refetchInterval: 15_000 });
  const items = timeline.data?.items ?? [];
  const first = items[0];
  const last = items.at(-1);
  return (
    <Section title={t('timeline.title')}>
      {timeline.isPending && <Loading />}
      {timeline.error && <ErrorNote error={timeline.error} onRetry={() => void timeline.refetch()} />}
      {timeline.data && items.length === 0 && <p className={classes.quiet}>{t('timeline.empty')}</p>}
      {first && last && (
        <p className={classes.day}>
          {format.dayOf(first.at)} · {t('timeline.zone')}
          {items.length > 1 && ` · ${t('timeline.total', { time: format.duration(between(first.at, last.at)) })}`}
        </p>
      )}
      <ol className={classes.timeline}>
        {items.map((item, index) => (
          <Fragment key={`${item.hop}-${item.node}-${item.at}`}>
            {index > 0 && format.dayOf(item.at) !== format.dayOf(items[index - 1]!.at) && (
              <li className={classes.day}>{format.dayOf(item.at)}</li>
            )}
            <Hop item={item} before={items[index - 1]} />
          </Fragment>
        ))}
      </ol>
    </Section>
  );
}

function Hop({ item, before }: { item: TimelineItem; before: TimelineItem | undefined }) {
  const { t } = useTranslation();
  const format = useFormat();
  const passed = before ? between(before.at, item.at) : 0;
  return (
    <li className={classes.hop} data-bad={BAD.includes(item.hop) || undefined}>
      <span>
        <time dateTime={item.at} style={{ display: 'block' }}>
          {format.exactTime(item.at)}
        </time>
        {passed >= 1 && (
          <span className={classes.after} style={{ textAlign: 'right' }}>
            +{format.duration(passed)}
          </span>
        )}
      </span>
      <span>
        {t(`hop.${item.hop}`)}
        {item.instances !== null && <b> · {t('studies.objects', { n: item.instances })}</b>}
        <span className={classes.after}>{item.node_name || item.node}</span>
      </span>
    </li>
  );
}
