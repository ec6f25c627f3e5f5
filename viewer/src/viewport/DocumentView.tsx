import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import { useTranslation } from 'react-i18next';
import { storedInstance } from '../api/display';
import type { Instance, Series } from '../api/types';
import { type ContentItem, encapsulatedPdf, structuredReport } from '../imaging/documents';
import { ErrorNote, Loading } from '../ui/states';
import classes from './DocumentView.module.css';
import { documentKind } from './series';

/** The documents of a series, where otherwise the image is. */
export function DocumentView({ study, series }: { study: string; series: Series }) {
  const { t } = useTranslation();
  return (
    <div className={classes.page}>
      {series.instances.map((instance) => {
        const address = storedInstance(study, series.series_instance_uid, instance.sop_instance_uid);
        return (
          <Document
            key={address}
            address={address}
            instance={instance}
            title={series.description || t('view.document')}
          />
        );
      })}
    </div>
  );
}

function Document({ address, instance, title }: { address: string; instance: Instance; title: string }) {
  const { t } = useTranslation();
  switch (documentKind(instance)) {
    case 'pdf':
      return <Pdf address={address} title={title} />;
    case 'report':
      return <Report address={address} />;
    default:
      return <p className={classes.paper}>{t('view.cannot-show', { modality: instance.sop_class_uid })}</p>;
  }
}

function Pdf({ address, title }: { address: string; title: string }) {
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
  return source ? <iframe className={classes.pdf} src={source} title={title} /> : <Loading />;
}

function Report({ address }: { address: string }) {
  const report = useQuery({
    queryKey: ['sr', address],
    queryFn: ({ signal }) => structuredReport(address, signal),
    staleTime: Number.POSITIVE_INFINITY,
  });
  if (report.error) return <ErrorNote error={report.error} onRetry={() => void report.refetch()} />;
  if (!report.data) return <Loading />;
  return (
    <article className={classes.paper}>
      <h2>{report.data.name}</h2>
      <Content items={report.data.children} />
    </article>
  );
}

function Content({ items }: { items: ContentItem[] }) {
  return (
    <ul className={classes.content}>
      {items.map((item, index) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: a signed document does not change
        <li key={index}>
          {item.name && <span className={classes.name}>{item.name}</span>}
          {item.value && <p>{item.value}</p>}
          {item.children.length > 0 && <Content items={item.children} />}
        </li>
      ))}
    </ul>
  );
}
