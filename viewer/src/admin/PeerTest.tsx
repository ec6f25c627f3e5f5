/** What a test of the way to a peer found, step by step, in words. */
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { Note } from '../ui/Note';
import classes from './PeersPage.module.css';
import { reasonOf, STEPS, type Step, type Tested } from './peers';

const SERVICES = ['verification', 'store', 'find', 'move', 'get', 'worklist', 'procedure-step', 'commitment'] as const;
const serviceOf = (name: string) => SERVICES.find((known) => known === name) ?? 'other';
const milliseconds = (value: number) => (value < 10 ? value.toFixed(1) : String(Math.round(value)));

export function PeerTest({ tested }: { tested: Tested }) {
  const { t } = useTranslation();
  const format = useFormat();
  const used = (step: Step) => step !== 'secured' || tested.tls;
  const stopped = STEPS.find((step) => used(step) && tested[step] === null);
  const offers = tested.offers.map((name) => t(`peers.service.${serviceOf(name)}`)).join(', ');
  return (
    <div className={classes.result}>
      <Note
        kind={tested.failure ? 'bad' : 'good'}
        title={tested.failure ? t('peers.result.bad') : t('peers.result.good')}
      >
        {tested.failure && t(`peers.reason.${reasonOf(tested.failure.fault)}`)}
        <ul className={classes.steps}>
          {STEPS.map((step) => {
            const taken = tested[step];
            const reached = taken !== null ? 'yes' : step === stopped ? 'no' : 'not';
            return (
              <li key={step} className={classes.step} data-reached={reached}>
                {t(`peers.step.${step}`)}
                <b>
                  {taken !== null
                    ? t('peers.result.ms', { n: milliseconds(taken) })
                    : used(step)
                      ? t('peers.result.not-reached')
                      : t('peers.result.not-used')}
                </b>
                {step === 'resolved' && <span className={classes.small}>{tested.addresses.join(', ')}</span>}
                {step === 'secured' && tested.tls_version && (
                  <span className={classes.small}>
                    {tested.tls_version}, {tested.tls_suite}
                  </span>
                )}
              </li>
            );
          })}
        </ul>
        {tested.certificate_not_after && (
          <div>
            {t('peers.result.certificate', {
              subject: tested.certificate_subject,
              day: format.dayOf(tested.certificate_not_after),
            })}
          </div>
        )}
        {tested.accepted !== null && (
          <div>{offers ? t('peers.result.offers', { list: offers }) : t('peers.result.offers-none')}</div>
        )}
        {tested.failure && (
          <details className={classes.technical}>
            <summary>{t('peers.result.technical')}</summary>
            {tested.failure.message} {tested.failure.hint}
          </details>
        )}
      </Note>
    </div>
  );
}
