/** The documents of a series, where otherwise the image is: each in the room for its kind; what has none, as its attributes. */
import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { storedInstance } from '../api/display';
import type { Instance, Series } from '../api/types';
import { encapsulatedPdf } from '../imaging/documents';
import { AttributesTable } from '../objects/Attributes';
import { EcgView } from '../objects/EcgView';
import type { Place } from '../objects/node';
import { ReportView } from '../objects/ReportView';
import { StateNote } from '../objects/StateNote';
import { ErrorNote, Loading } from '../ui/states';
import classes from './DocumentView.module.css';
import { type DocumentKind, documentKind } from './series';

export function DocumentView({ study, series }: { study: string; series: Series }) {
  const { t } = useTranslation();
  return (
    <div className={classes.page}>
      {series.instances.map((instance) => (
        <Document
          key={instance.sop_instance_uid}
          place={{ study, series: series.series_instance_uid, sop: instance.sop_instance_uid }}
          instance={instance}
          title={series.description || t('view.document')}
        />
      ))}
    </div>
  );
}

function Document({ place, instance, title }: { place: Place; instance: Instance; title: string }) {
  const kind = documentKind(instance);
  switch (kind) {
    case 'pdf':
      return <Pdf place={place} title={title} />;
    case 'report':
      return <ReportView place={place} />;
    case 'waveform':
      return <EcgView place={place} />;
    case 'presentation':
      return <StateNote place={place} />;
    default:
      return <Other place={place} kind={kind} title={title} />;
  }
}

/** Says in words what it is and why it is not shown, and shows all that it says of itself. */
function Other({ place, kind, title }: { place: Place; kind: DocumentKind; title: string }) {
  const { t } = useTranslation();
  return (
    <article className={classes.paper}>
      <h2>{title}</h2>
      <p>{t(kind === 'encapsulated' ? 'objects.encapsulated' : 'objects.cannot-show')}</p>
      <AttributesTable place={place} />
    </article>
  );
}

function Pdf({ place, title }: { place: Place; title: string }) {
  const { t } = useTranslation();
  const address = storedInstance(place.study, place.series, place.sop);
  const [source, setSource] = useState<string>();
  const pdf = useQuery({
    queryKey: ['pdf', address],
    queryFn: ({ signal }) => encapsulatedPdf(address, signal),
    gcTime: 0,
  });
  useEffect(() => {
    if (!pdf.data) return undefined;
    const made = URL.createObjectURL(pdf.data);
    setSource(made);
    return () => URL.revokeObjectURL(made);
  }, [pdf.data]);
  if (pdf.error) return <ErrorNote error={pdf.error} onRetry={() => void pdf.refetch()} />;
  if (!source) return <Loading />;
  return (
    <>
      <iframe className={classes.pdf} src={source} title={title} />
      <a className={classes.link} href={source} target="_blank" rel="noreferrer">
        {t('objects.open-pdf')}
      </a>
    </>
  );
}
