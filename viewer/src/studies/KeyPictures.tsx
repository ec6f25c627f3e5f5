import { useTranslation } from 'react-i18next';
import { Link } from 'react-router';
import { keyPicture } from '../api/display';
import type { StudyDetail } from '../api/types';
import classes from './KeyPictures.module.css';

interface Props {
  study: StudyDetail;
  keyImages: readonly string[];
}

/** The images that the report points at, large enough to be looked at beside its text; each opens the viewer there. */
export function KeyPictures({ study, keyImages }: Props) {
  const { t } = useTranslation();
  const uid = study.study_instance_uid;
  const found = keyImages.flatMap((sop) =>
    study.series.flatMap((series) =>
      series.instances
        .filter((one) => one.sop_instance_uid === sop)
        .map((one) => ({ sop, series, number: one.number ?? '?' })),
    ),
  );
  if (found.length === 0) return null;
  return (
    <ul className={classes.pictures} data-many={found.length > 2 || undefined} aria-label={t('report.key-images')}>
      {found.map(({ sop, series, number }) => {
        const name = t('report.key-image-name', { series: series.number ?? series.modality, n: number });
        return (
          <li key={sop}>
            <Link
              to={`/studies/${encodeURIComponent(uid)}/images?image=${encodeURIComponent(sop)}`}
              title={t('report.show', { name })}
            >
              <img src={keyPicture(uid, series.series_instance_uid, sop)} alt="" loading="lazy" />
              <span>
                {name}
                {series.description && ` · ${series.description}`}
              </span>
            </Link>
          </li>
        );
      })}
    </ul>
  );
}
