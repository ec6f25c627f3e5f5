/** The images of a study without a reading task: for the one who made them, and for the reader's second screen. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { useTranslation } from 'react-i18next';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { queries } from '../api/queries';
import { FullPageError, FullPageLoading } from '../ui/states';
import { StudyView } from '../viewport/StudyView';
import { useLedStudy } from '../viewport/useDesk';
import { useViews } from '../viewport/views';
import { ViewerHeader } from './ViewerHeader';

const POLL_MS = 20_000;

export function ImagesPage() {
  const { t } = useTranslation();
  const { uid = '' } = useParams();
  const [asked] = useSearchParams();
  const navigate = useNavigate();
  const follows = asked.has('follow');
  const led = useLedStudy(follows);
  const study = useQuery({ ...queries.study(uid), refetchInterval: POLL_MS });
  const report = useQuery({ ...queries.report(uid), retry: false });

  useEffect(() => {
    if (led.study && led.study !== uid) {
      void navigate(`/studies/${encodeURIComponent(led.study)}/images?follow=1`, { replace: true });
    }
  }, [led.study, uid, navigate]);

  if (study.error && !study.data) return <FullPageError error={study.error} onRetry={() => void study.refetch()} />;
  if (!study.data) return <FullPageLoading />;
  return (
    <StudyView
      key={uid}
      study={study.data}
      keyImages={report.data?.key_images ?? []}
      leads={!follows}
      header={
        <ViewerHeader
          back={`/studies/${encodeURIComponent(uid)}`}
          backLabel={t('studies.back')}
          study={study.data}
          description={study.data.description}
        >
          <OpensAt sop={asked.get('image') ?? ''} />
          {follows && <span role="status">{t(led.left ? 'layout.following-ended' : 'layout.following')}</span>}
        </ViewerHeader>
      }
    />
  );
}

/** Brings the image that the address names onto the screen, once. */
function OpensAt({ sop }: { sop: string }) {
  const { all, show } = useViews();
  const done = useRef(false);
  const ready = all.length > 0;
  useEffect(() => {
    if (!sop || !ready || done.current) return;
    done.current = true;
    show(sop);
  }, [sop, ready, show]);
  return null;
}
