import { useTranslation } from 'react-i18next';
import { seriesThumbnail } from '../api/display';
import type { Series } from '../api/types';
import { IconDocument } from '../ui/icons';
import classes from './SeriesStrip.module.css';
import { framesIn, isDocument } from './series';

interface Props {
  study: string;
  series: readonly Series[];
  active: string | null;
  keyImages: readonly string[];
  onOpen: (series: Series) => void;
}

/** The study's series as thumbnails; reports and other documents as such. */
export function SeriesStrip({ study, series, active, keyImages, onOpen }: Props) {
  const { t } = useTranslation();
  return (
    <nav className={classes.strip} aria-label={t('view.series-list')}>
      {series.map((one) => {
        const paper = isDocument(one);
        const marked = one.instances.filter((instance) => keyImages.includes(instance.sop_instance_uid)).length;
        const name = one.description || (paper ? t('view.document') : t('view.no-description'));
        return (
          <button
            key={one.series_instance_uid}
            type="button"
            className={classes.item}
            aria-current={one.series_instance_uid === active || undefined}
            onClick={(event) => {
              onOpen(one);
              if (event.detail > 0) event.currentTarget.blur();
            }}
          >
            <span className={classes.picture}>
              {paper ? (
                <IconDocument size={40} strokeWidth={1} />
              ) : (
                <img src={seriesThumbnail(study, one.series_instance_uid)} alt="" loading="lazy" draggable={false} />
              )}
              <span className={classes.modality}>{one.modality}</span>
              {!paper && <span className={classes.count}>{framesIn(one)}</span>}
              {marked > 0 && (
                <span className={classes.marked} title={t('view.key-images-here', { n: marked })}>
                  ★ {marked}
                </span>
              )}
            </span>
            <span className={classes.name} title={name}>
              {one.number != null && <b>{one.number}. </b>}
              {name}
            </span>
          </button>
        );
      })}
    </nav>
  );
}
