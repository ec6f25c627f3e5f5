import { CloseButton } from '@mantine/core';
import { useTranslation } from 'react-i18next';
import { instanceThumbnail } from '../api/display';
import type { StudyDetail } from '../api/types';
import classes from './KeyImages.module.css';

interface Props {
  study: StudyDetail;
  keyImages: readonly string[];
  editable: boolean;
  onShow: (sop: string) => void;
  onRemove: (sop: string) => void;
}

/** The images that the report points at. */
export function KeyImages({ study, keyImages, editable, onShow, onRemove }: Props) {
  const { t } = useTranslation();
  const found = keyImages.flatMap((sop) => {
    for (const series of study.series) {
      const instance = series.instances.find((one) => one.sop_instance_uid === sop);
      if (instance) return [{ sop, series, instance }];
    }
    return [];
  });
  return (
    <section aria-label={t('report.key-images')}>
      <h3 className={classes.title}>
        {t('report.key-images')} {found.length > 0 && `(${found.length})`}
      </h3>
      {found.length === 0 && (
        <p className={classes.hint}>{editable ? t('report.key-images-hint') : t('report.none')}</p>
      )}
      <ul className={classes.list}>
        {found.map(({ sop, series, instance }) => {
          const name = t('report.key-image-name', {
            series: series.number ?? series.modality,
            n: instance.number ?? '?',
          });
          return (
            <li key={sop} className={classes.item}>
              <button
                type="button"
                className={classes.open}
                onClick={() => onShow(sop)}
                aria-label={t('report.show', { name })}
              >
                <img
                  src={instanceThumbnail(study.study_instance_uid, series.series_instance_uid, sop)}
                  alt=""
                  loading="lazy"
                />
                <span>{name}</span>
              </button>
              {editable && (
                <CloseButton
                  size="xs"
                  className={classes.remove ?? ''}
                  aria-label={t('report.remove', { name })}
                  onClick={() => onRemove(sop)}
                />
              )}
            </li>
          );
        })}
      </ul>
    </section>
  );
}
