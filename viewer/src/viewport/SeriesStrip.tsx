/** The study's series as thumbnails, reports and other documents as such; below them the patient's earlier studies. */
import { memo } from 'react';
import { useTranslation } from 'react-i18next';
import { seriesThumbnail } from '../api/display';
import type { Series, StudyDetail } from '../api/types';
import type { Prior } from '../hanging/node';
import { dicomDate } from '../i18n/format';
import { IconDocument } from '../ui/icons';
import { startDrag } from './drag';
import classes from './SeriesStrip.module.css';
import { documentName, framesIn, inReadingOrder, isDocument } from './series';

interface Props {
  study: StudyDetail;
  priors: readonly Prior[];
  /** Studies whose series are known. */
  studies: ReadonlyMap<string, StudyDetail>;
  /** The series in the active cell, and all that are on the screen. */
  active: string | null;
  shown: ReadonlySet<string>;
  keyImages: readonly string[];
  onOpen: (study: string, series: Series) => void;
  onPrior: (study: string) => void;
}

export const SeriesStrip = memo(function SeriesStrip(props: Props) {
  const { study, priors, studies, active, shown, keyImages, onOpen, onPrior } = props;
  const { t } = useTranslation();
  return (
    <nav className={classes.strip} aria-label={t('view.series-list')}>
      {inReadingOrder(study.series).map((one, index) => (
        <Thumbnail
          key={one.series_instance_uid}
          study={study.study_instance_uid}
          series={one}
          number={index + 1}
          active={one.series_instance_uid === active}
          shown={shown.has(one.series_instance_uid)}
          marked={one.instances.filter((instance) => keyImages.includes(instance.sop_instance_uid)).length}
          onOpen={onOpen}
        />
      ))}
      {priors.length > 0 && <h2 className={classes.heading}>{t('layout.priors', { n: priors.length })}</h2>}
      {priors.map((prior) => {
        const known = studies.get(prior.study_instance_uid);
        return (
          <section key={prior.study_instance_uid} className={classes.prior}>
            <button type="button" className={classes.priorName} onClick={() => onPrior(prior.study_instance_uid)}>
              <b>{dicomDate(prior.study_date)}</b>
              <span>{prior.modalities.join(', ')}</span>
              <span className={classes.name}>{prior.description}</span>
            </button>
            {known &&
              inReadingOrder(known.series).map((one) => (
                <Thumbnail
                  key={one.series_instance_uid}
                  study={prior.study_instance_uid}
                  series={one}
                  number={null}
                  active={one.series_instance_uid === active}
                  shown={shown.has(one.series_instance_uid)}
                  marked={0}
                  onOpen={onOpen}
                />
              ))}
          </section>
        );
      })}
    </nav>
  );
});

interface ThumbnailProps {
  study: string;
  series: Series;
  number: number | null;
  active: boolean;
  shown: boolean;
  marked: number;
  onOpen: (study: string, series: Series) => void;
}

function Thumbnail({ study, series, number, active, shown, marked, onOpen }: ThumbnailProps) {
  const { t } = useTranslation();
  const paper = isDocument(series);
  const name = series.description || (paper ? t(documentName(series)) : t('view.no-description'));
  return (
    <button
      type="button"
      className={classes.item}
      aria-current={active || undefined}
      data-shown={shown || undefined}
      draggable
      onDragStart={(event) => startDrag(event.dataTransfer, { study, series: series.series_instance_uid })}
      onClick={(event) => {
        onOpen(study, series);
        if (event.detail > 0) event.currentTarget.blur();
      }}
    >
      <span className={classes.picture}>
        {paper ? (
          <IconDocument size={40} strokeWidth={1} />
        ) : (
          <img src={seriesThumbnail(study, series.series_instance_uid)} alt="" loading="lazy" draggable={false} />
        )}
        <span className={classes.modality}>{series.modality}</span>
        {!paper && <span className={classes.count}>{framesIn(series)}</span>}
        {marked > 0 && (
          <span className={classes.marked} title={t('view.key-images-here', { n: marked })}>
            ★ {marked}
          </span>
        )}
      </span>
      <span className={classes.name} title={name}>
        {(series.number ?? number) != null && <b>{series.number ?? number}. </b>}
        {name}
      </span>
    </button>
  );
}
