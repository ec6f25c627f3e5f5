/** The DICOM peers: who is known, here, refused; whose certificate ends; and a test of the way to each. */
import { Button, Table } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useEffect } from 'react';
import { useTranslation } from 'react-i18next';
import { useFormat } from '../i18n/format';
import { IconWarning } from '../ui/icons';
import { Note } from '../ui/Note';
import { ErrorNote, Loading } from '../ui/states';
import { Part } from './Part';
import classes from './PeersPage.module.css';
import { PeerTest } from './PeerTest';
import { type Call, type Certificate, type DicomPeer, type Peers, peers, reasonOf, testPeer } from './peers';

const SERVICES = ['store', 'find', 'retrieve', 'worklist', 'procedure-step', 'commitment'] as const;
const serviceOf = (name: string) => SERVICES.find((known) => known === name) ?? 'other';

export function PeersPage() {
  const { t } = useTranslation();
  const found = useQuery(peers());
  useEffect(() => {
    document.title = `${t('peers.title')} · Liên Tuyến`;
  }, [t]);
  return (
    <div className={classes.page}>
      <h1>{t('peers.title')}</h1>
      {found.error && <ErrorNote error={found.error} onRetry={() => void found.refetch()} />}
      {found.isPending && !found.error && <Loading />}
      {found.data && <Parts found={found.data} />}
    </div>
  );
}

function Parts({ found }: { found: Peers }) {
  const { t } = useTranslation();
  const own = [
    t('peers.own', { titles: found.ae_titles.join(', '), port: found.port }),
    found.tls_port ? t('peers.own-tls', { port: found.tls_port }) : '',
    t('peers.open-now', { n: found.open, total: found.max_associations }),
  ];
  return (
    <>
      <p className={classes.own}>{own.filter(Boolean).join(' · ')}</p>
      {found.certificates.some((one) => one.state !== 'good') && (
        <Note kind="warn" icon={<IconWarning />} title={t('peers.ending')} />
      )}
      <Known peers={found.peers} />
      <Strangers calls={found.strangers} />
      <Certificates certificates={found.certificates} />
    </>
  );
}

const KNOWN = ['device', 'ae', 'address', 'services', 'security', 'open', 'seen', 'refused', 'action'] as const;

function Known({ peers: known }: { peers: DicomPeer[] }) {
  const { t } = useTranslation();
  return (
    <Part
      title={t('peers.known')}
      count={known.length}
      empty={t('peers.none')}
      heads={KNOWN.map((name) => t(`peers.${name}`))}
    >
      {known.map((peer) => (
        <PeerRows key={peer.code} peer={peer} />
      ))}
    </Part>
  );
}

function PeerRows({ peer }: { peer: DicomPeer }) {
  const { t } = useTranslation();
  const format = useFormat();
  const client = useQueryClient();
  const test = useMutation({
    mutationFn: () => testPeer(peer.code),
    onSettled: () => client.invalidateQueries({ queryKey: ['peers'] }),
  });
  const limit = peer.max_associations;
  return (
    <>
      <Table.Tr>
        <Table.Td>
          {peer.name || peer.code}
          <span className={classes.small}>
            {peer.name ? `${peer.code} · ${peer.facility_name}` : peer.facility_name}
          </span>
        </Table.Td>
        <Table.Td>{peer.ae_title}</Table.Td>
        <Table.Td>{peer.host ? `${peer.host}${peer.port ? `:${peer.port}` : ''}` : t('peers.any-address')}</Table.Td>
        <Table.Td>{peer.services.map((name) => t(`peers.service.${serviceOf(name)}`)).join(', ') || '–'}</Table.Td>
        <Table.Td>
          {peer.tls ? t(peer.pinned ? 'peers.pinned' : 'peers.tls') : t('peers.plain')}
          {peer.certificate && (
            <span className={`${classes.small} ${classes.state}`} data-state={peer.certificate.state}>
              {t('peers.until', { day: format.dayOf(peer.certificate.not_after) })}
            </span>
          )}
        </Table.Td>
        <Table.Td>{limit ? t('peers.of', { n: peer.open, total: limit }) : peer.open}</Table.Td>
        <Table.Td>
          {peer.seen ? format.moment(peer.seen.at) : t('peers.never')}
          {peer.seen && (
            <span className={classes.small}>
              {peer.seen.address} {peer.seen.tls}
            </span>
          )}
        </Table.Td>
        <Table.Td>
          {peer.refused && (
            <>
              {format.moment(peer.refused.at)}
              <span className={`${classes.small} ${classes.bad}`}>
                {t(`peers.reason.${reasonOf(peer.refused.refusal ?? '')}`)}
              </span>
            </>
          )}
        </Table.Td>
        <Table.Td>
          {peer.testable ? (
            <Button size="compact-xs" variant="default" loading={test.isPending} onClick={() => test.mutate()}>
              {t('peers.test')}
            </Button>
          ) : (
            <span className={classes.quiet}>{t('peers.not-testable')}</span>
          )}
        </Table.Td>
      </Table.Tr>
      {(test.data || test.error) && (
        <Table.Tr>
          <Table.Td colSpan={KNOWN.length}>
            {test.error ? <ErrorNote error={test.error} /> : test.data && <PeerTest tested={test.data} />}
          </Table.Td>
        </Table.Tr>
      )}
    </>
  );
}

function Strangers({ calls }: { calls: Call[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  return (
    <Part
      title={t('peers.strangers')}
      count={calls.length}
      empty={t('peers.no-strangers')}
      note={t('peers.strangers-explained')}
      heads={(['ae', 'address', 'called', 'when', 'times', 'why'] as const).map((name) => t(`peers.${name}`))}
    >
      {calls.map((call) => (
        <Table.Tr key={`${call.calling_ae} ${call.called_ae} ${call.address} ${call.refusal}`}>
          <Table.Td>{call.calling_ae || <span className={classes.quiet}>{t('peers.unknown-ae')}</span>}</Table.Td>
          <Table.Td>{call.address}</Table.Td>
          <Table.Td>{call.called_ae}</Table.Td>
          <Table.Td>{format.moment(call.at)}</Table.Td>
          <Table.Td>{call.count}</Table.Td>
          <Table.Td>{t(`peers.reason.${reasonOf(call.refusal ?? '')}`)}</Table.Td>
        </Table.Tr>
      ))}
    </Part>
  );
}

function Certificates({ certificates }: { certificates: Certificate[] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const whose = (name: string) => {
    const [kind = '', code = ''] = name.split(':');
    if (kind === 'peer') return t('peers.certificate-of.peer', { code });
    if (kind === 'peer-authority') return t('peers.certificate-of.peer-authority', { code });
    if (kind === 'web') return t('peers.certificate-of.web');
    return kind === 'dicom' ? t('peers.certificate-of.dicom') : t('peers.certificate-of.dicom-authority');
  };
  return (
    <Part
      title={t('peers.certificates')}
      count={certificates.length}
      empty={t('peers.no-certificates')}
      heads={(['whose', 'subject', 'ends', 'state'] as const).map((name) => t(`peers.${name}`))}
    >
      {certificates.map((one) => (
        <Table.Tr key={`${one.name} ${one.sha256}`}>
          <Table.Td>{whose(one.name)}</Table.Td>
          <Table.Td title={one.sha256}>{one.subject}</Table.Td>
          <Table.Td>{format.dayOf(one.not_after)}</Table.Td>
          <Table.Td>
            <span className={classes.state} data-state={one.state}>
              {t(`peers.certificate-state.${one.state}`)}
            </span>
          </Table.Td>
        </Table.Tr>
      ))}
    </Part>
  );
}
