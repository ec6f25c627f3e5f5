/** What images on this site may be used for: said on every page that shows some. */
import { useQuery } from '@tanstack/react-query';
import { useTranslation } from 'react-i18next';
import { queries } from '../api/queries';
import classes from './IntendedUse.module.css';

export function IntendedUse() {
  const { t } = useTranslation();
  const { data: site } = useQuery(queries.site());
  // until the site says otherwise, nothing here is for diagnosis
  if (site?.diagnostic_use) {
    return site.registration ? (
      <p className={classes.use}>{t('objects.diagnostic-use', { registration: site.registration })}</p>
    ) : null;
  }
  return (
    <p className={classes.use} data-warning role="note">
      {t('objects.not-for-diagnosis')}
    </p>
  );
}
