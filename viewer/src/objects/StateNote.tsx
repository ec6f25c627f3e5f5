/** A presentation state by itself: what it is about, and the way to see its images so. */
import { Button, Group } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { dicomDate, personName } from '../i18n/format';
import { ErrorNote, Loading } from '../ui/states';
import { useViews } from '../viewport/views';
import { face, type Place } from './node';
import classes from './ReportView.module.css';

export function StateNote({ place }: { place: Place }) {
  const { t } = useTranslation();
  const { show } = useViews();
  const state = useQuery(face('presentation', place));
  if (state.error) return <ErrorNote error={state.error} onRetry={() => void state.refetch()} />;
  if (!state.data) return <Loading />;
  const { label, description, creator, date, images, annotations } = state.data;
  const [first] = images;
  return (
    <article className={classes.paper}>
      <header className={classes.head}>
        <h2>{t('objects.presentation-state', { label: label || t('objects.unnamed') })}</h2>
        <p className={classes.soft}>
          {[dicomDate(date), personName(creator), description].filter(Boolean).join(' · ')}
        </p>
      </header>
      <p>{t('objects.presentation-explained', { images: images.length, annotations: annotations.length })}</p>
      {first && (
        <Group>
          <Button size="xs" onClick={() => show(first.sop, first.frames[0] ?? 1)}>
            {t('objects.show-image')}
          </Button>
        </Group>
      )}
    </article>
  );
}
